import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import { blocksOf } from '../docs/blocks.ts'
import type { AppConfig } from './fixtures/app.ts'

/** How a site is served. */
interface Served {
  readonly headers?: Readonly<Record<string, string>>
  /** Directives in place of those of the same name. */
  readonly policy?: Readonly<Record<string, string>>
}

interface SiteOptions extends Pick<Served, 'policy'> {
  readonly host?: string
  /** The script of its pages, by the name of its fixture. */
  readonly app?: string
}

/** A single-page app on a server of its own, under a strict Content-Security-Policy with Trusted Types. */
export interface Site {
  /** By default `http://localhost:<port>` */
  readonly origin: string
  /** Changes the options of the next page, or how it is served. */
  configure(change: Partial<AppConfig> & Served): void
  /** Path and query of every request so far. */
  readonly requests: readonly string[]
  /** `Referer` of every request so far that had one. */
  readonly referrers: readonly string[]
  /** Violations that browsers reported. */
  readonly violations: readonly string[]
  close(): void
}

const fixtures = ['app', 'vue', 'relay', 'control', 'vault', 'vault-page', 'discovery']
let bundles: Promise<Readonly<Record<string, string>>> | undefined

/** The adapter as a bundler for browsers makes it. */
function bundle(): Promise<Readonly<Record<string, string>>> {
  const fixture = (name: string) => join(import.meta.dirname, 'fixtures', `${name}.ts`)
  bundles ??= build({
    entryPoints: Object.fromEntries(fixtures.map((name) => [name, fixture(name)])),
    bundle: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    conditions: ['browser'],
    outdir: 'bundle',
  }).then(({ outputFiles }) =>
    Object.fromEntries(outputFiles.map(({ path, text }) => [`/${path.split('/').at(-1)}`, text])),
  )
  return bundles
}

/** A service worker that answers every navigation with the page that it kept, as those of apps do. */
const serviceWorker = `
  addEventListener('install', (event) => event.waitUntil(caches.open('shell').then((shell) => shell.add('/'))))
  addEventListener('activate', (event) => event.waitUntil(clients.claim()))
  addEventListener('fetch', (event) => {
    if (event.request.mode === 'navigate') event.respondWith(caches.match('/'))
  })
`

/** Rules for a browser that loads, or renders, what a link leads to before anyone follows it. */
const speculationRules = (ahead: string) => ({
  [ahead]: [{ where: { href_matches: '/*\\?*' }, eagerness: 'immediate' }],
})

const escapeAttribute = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')

function pageWith(config: AppConfig, script: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${script}</title>
<meta name="config" content="${escapeAttribute(JSON.stringify(config))}">
<link rel="icon" href="data:,">
<script type="module" src="/${script}.js"></script>
</head>
<body><button>Sign in</button></body>
</html>`
}

/** The relay page as the documentation has it. */
const relayPage = blocksOf('docs/redirect-uris.md').find(({ language }) => language === 'html')?.code

/** Serves the app; every path but the scripts is its page, `/relay` is the relay page. */
export async function startSite(
  config: AppConfig,
  { host = 'localhost', app = 'app', policy = {} }: SiteOptions = {},
): Promise<Site> {
  const scripts = await bundle()
  const requests: string[] = []
  const referrers: string[] = []
  const violations: string[] = []
  let current = config
  let served: Served = { policy }
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    requests.push(request.url ?? '')
    if (request.headers.referer !== undefined) referrers.push(request.headers.referer)
    if (pathname === '/csp') {
      request.on('data', (chunk: Buffer) => violations.push(chunk.toString()))
      return response.writeHead(204).end()
    }
    const speculation = /^\/(prerender|prefetch)\.json$/.exec(pathname)?.[1]
    if (speculation !== undefined) {
      response.setHeader('content-type', 'application/speculationrules+json')
      return response.end(JSON.stringify(speculationRules(speculation)))
    }
    const script = pathname === '/service-worker.js' ? serviceWorker : scripts[pathname]
    if (script !== undefined) return response.setHeader('content-type', 'text/javascript').end(script)
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policyOf(current, served.policy),
      ...served.headers,
    })
    response.end(pathname === '/relay' ? relayPage : pageWith(current, app))
  }).listen(0, host)
  await once(server, 'listening')
  return {
    origin: `http://${host}:${(server.address() as AddressInfo).port}`,
    configure({ headers = served.headers ?? {}, policy = served.policy ?? {}, ...change }) {
      served = { headers, policy }
      current = { ...current, ...change }
    },
    requests,
    referrers,
    violations,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function policyOf({ endpoint, client }: AppConfig, changed: Served['policy']): string {
  const directives = {
    'default-src': "'none'",
    'script-src': "'self'",
    'img-src': 'data:',
    'connect-src': [endpoint, ...(client?.allowedOrigins ?? [])].join(' '),
    'frame-src': `'self' ${endpoint}`,
    'base-uri': "'none'",
    'require-trusted-types-for': "'script'",
    'trusted-types': "'none'",
    'report-uri': '/csp',
    ...changed,
  }
  return Object.entries(directives)
    .map((directive) => directive.join(' '))
    .join('; ')
}
