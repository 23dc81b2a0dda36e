import { createRequire } from 'node:module'
import { isLoopback } from '../../../core/ims/environment.ts'
import { printWarning } from './output.ts'

/** The variable that names a proxy for a URL, and how the command uses that proxy. */
export interface ProxyUse {
  readonly variable: string
  /** What follows the proxy; `undefined` if nothing does. */
  readonly by?: string
  /** Why nothing follows it. */
  readonly problem?: string
  readonly fix?: string
}

/** The environment in which a proxy is looked for. */
export interface ProxyInput {
  readonly env: NodeJS.ProcessEnv
  readonly nodeVersion: string
  /** Finds `undici`; replaced in tests. */
  readonly find?: () => Undici | undefined
}

interface Undici {
  readonly version: string
  readonly fetch?: typeof fetch
  readonly EnvHttpProxyAgent?: new (options: object) => object
}

/** The variable with the proxy for `url`; `undefined` if none is set, or `NO_PROXY` excludes the host. */
export function proxyVariable(env: NodeJS.ProcessEnv, url: URL): string | undefined {
  // a server on this machine is never behind a proxy
  if (isLoopback(url.hostname) || isExcluded(env, url)) return undefined
  const names = url.protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy', 'HTTP_PROXY']
  return names.find((name) => env[name])
}

function isExcluded(env: NodeJS.ProcessEnv, { hostname, protocol, port }: URL): boolean {
  const number = port || (protocol === 'https:' ? '443' : '80')
  return noProxy(env)
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, name = '', wanted] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
      if (wanted !== undefined && wanted !== number) return false
      const suffix = name.replace(/^\*?\./, '')
      return name === '*' || hostname === suffix || hostname.endsWith(`.${suffix}`)
    })
}

const noProxy = (env: NodeJS.ProcessEnv) => env.no_proxy ?? env.NO_PROXY ?? ''

/** Whether this Node.js has `NODE_USE_ENV_PROXY`. */
function hasOwnProxy(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number)
  return major >= 24 || (major === 22 && minor >= 21)
}

/** How the command reaches `url`: `undefined` if no proxy is set for it. */
export function proxyUse(url: URL, { env, nodeVersion, find = findUndici }: ProxyInput): ProxyUse | undefined {
  const variable = proxyVariable(env, url)
  if (variable === undefined) return undefined
  const problem = addressProblem(env[variable] ?? '')
  if (problem !== undefined)
    return { variable, problem: `${variable} ${problem}`, fix: `set ${variable} to http://host:port` }
  if (env.NODE_USE_ENV_PROXY === '1' && hasOwnProxy(nodeVersion)) return { variable, by: `Node.js ${nodeVersion}` }
  const undici = find()
  if (undici?.EnvHttpProxyAgent !== undefined) return { variable, by: `undici ${undici.version}` }
  const install = 'install undici 6.14 or later next to imskit (npm install undici, or npm install --global undici)'
  return {
    variable,
    problem: `${variable} is set, but ${undici === undefined ? "Node.js's fetch" : `undici ${undici.version}`} does not use it`,
    fix: hasOwnProxy(nodeVersion) ? `set NODE_USE_ENV_PROXY=1, or ${install}` : install,
  }
}

function addressProblem(value: string): string | undefined {
  const address = withScheme(value)
  if (!URL.canParse(address) || new URL(address).hostname === '') return 'is not a URL'
  return /^https?:$/.test(new URL(address).protocol) ? undefined : 'is not an http proxy'
}

// as curl does: `proxy.example:3128`
const withScheme = (value: string) => (value.includes('://') ? value : `http://${value}`)

/**
 * `undici` from where the command is installed: the project's or the global `node_modules`. Never from the working
 * directory, which must not choose a program.
 */
function findUndici(): Undici | undefined {
  for (const from of [process.argv[1], import.meta.url]) {
    if (from === undefined) continue
    try {
      const load = createRequire(from)
      const { version } = load('undici/package.json') as { version: string }
      return { ...(load('undici') as object), version }
    } catch {
      // not installed there
    }
  }
  return undefined
}

/**
 * Replaces `fetch` of this process, so that requests follow `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. `undici` is loaded
 * by the first request that needs it. Warns once if a proxy is set that cannot be followed.
 */
export function followProxies(input: ProxyInput = { env: process.env, nodeVersion: process.version }): void {
  const { env } = input
  if (!['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'].some((name) => env[name])) return
  const own = globalThis.fetch
  let through: typeof fetch | undefined
  let warned = false
  globalThis.fetch = async (request, init) => {
    const url = new URL(request instanceof Request ? request.url : request)
    const use = proxyUse(url, input)
    if (use?.problem !== undefined && !warned) {
      warned = true
      printWarning(`${use.problem}. To use it, ${use.fix}.`)
    }
    if (use?.by?.startsWith('undici') !== true) return own(request, init)
    through ??= proxied(env, (input.find ?? findUndici)())
    return through(request instanceof Request ? request.url : request, await plainBody(init))
  }
}

/** `undici`'s own `fetch`, whose version must be that of the agent. */
function proxied(env: NodeJS.ProcessEnv, undici: Undici | undefined): typeof fetch {
  if (undici?.EnvHttpProxyAgent === undefined || undici.fetch === undefined) return globalThis.fetch
  const [http, https] = ['http', 'https'].map((name) => env[`${name}_proxy`] || env[`${name.toUpperCase()}_PROXY`])
  const options = {
    noProxy: noProxy(env),
    ...(http && { httpProxy: withScheme(http) }),
    ...(https && { httpsProxy: withScheme(https) }),
  }
  const { fetch } = undici
  const dispatcher = quietly(() => new (undici.EnvHttpProxyAgent as NonNullable<Undici['EnvHttpProxyAgent']>)(options))
  return (request, init) => fetch(request, { ...init, dispatcher } as RequestInit)
}

/** undici 6 prints that its agent is experimental. */
function quietly<Result>(task: () => Result): Result {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return task()
  } finally {
    process.emitWarning = emitWarning
  }
}

/** A form of Node.js's own `FormData` is not one of undici's. */
async function plainBody(init: RequestInit | undefined): Promise<RequestInit | undefined> {
  if (!(init?.body instanceof FormData)) return init
  const encoded = new Response(init.body)
  const headers = new Headers(init.headers)
  headers.set('content-type', encoded.headers.get('content-type') ?? '')
  return { ...init, headers, body: await encoded.arrayBuffer() }
}
