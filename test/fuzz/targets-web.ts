import { inspect } from 'node:util'
import { requestCookies } from '../../src/adapters/worker/bff/cookies.ts'
import { destinationOf, pathBack, proxyRoutes } from '../../src/adapters/worker/bff/proxy-rules.ts'
import { bearerOf } from '../../src/adapters/worker/guard/bearer-token.ts'
import { nextHop } from '../../src/core/fetch/redirects.ts'
import { parseRetryAfter } from '../../src/core/ims/retry-after.ts'
import { authorizationCode, createClient, memoryPlatform } from '../../src/core/index.ts'
import { safePath } from '../../src/core/login/return-to.ts'
import { redactText } from '../../src/core/redact.ts'
import { canary } from './oracle.ts'
import { must, type Target } from './target.ts'

const site = 'https://app.example'
/** What a header can hold; anything else does not arrive. */
const inHeader = /^[\t\x20-\x7e\x80-\xff]*$/
const answers = { status: 400, headers: { 'content-type': 'application/json' } }

/** Parsers of what browsers, callbacks and APIs send. */
export const webTargets: readonly Target[] = [
  {
    name: 'cookies',
    run(input) {
      if (!inHeader.test(input)) return
      const cookies = requestCookies(input, { secure: true })
      for (const name of cookies.names('')) {
        must(!/[\s;,]/.test(cookies.get(name) ?? ''), 'a value could end its cookie')
        cookies.clear(name)
      }
      const lines = new Headers()
      for (const line of cookies.lines()) {
        must(
          /^__Host-Http-[^;]*=; Path=\/; Max-Age=0; HttpOnly; SameSite=Lax; Secure$/.test(line),
          'a line has other attributes',
        )
        lines.append('set-cookie', line)
      }
    },
  },
  { name: 'callback', secret: false, run: finishWith },
  {
    name: 'return-to',
    run(input) {
      const path = safePath(input, site)
      if (path === undefined) return
      must(/^\/(?!\/)/.test(path) && new URL(path, site).origin === site, 'it leads to another site')
      const again = path.replace(/%(?:[0-7][0-9a-f])/gi, (escaped) => decodeURIComponent(escaped))
      must(!URL.canParse(again, site) || new URL(again, site).origin === site, 'it leads to another site once decoded')
    },
  },
  { name: 'redirect', secret: false, allows: (error) => error instanceof TypeError, run: follow },
  { name: 'proxy', secret: false, run: lead },
  {
    name: 'bearer',
    run(input) {
      if (!inHeader.test(input)) return
      const said = bearerOf(new Request(site, { headers: { authorization: input } }))
      must(typeof said === 'string' || /^[\w.~+/-]+=*$/.test(said.token), 'it is not a token')
    },
  },
  {
    name: 'text',
    run(input) {
      must(!redactText(input, [canary]).includes(canary), 'a secret is still there')
      const wait = parseRetryAfter(input, 0)
      must(wait === undefined || (wait >= 0 && !Number.isNaN(wait)), 'a wait is not a time')
    },
  },
]

async function finishWith(input: string): Promise<void> {
  const redirectUri = 'http://127.0.0.1:5555/callback'
  const client = createClient({
    ...memoryPlatform(),
    flow: authorizationCode({ clientId: 'c', scopes: ['openid'], redirectUri }),
    fetch: async () => new Response('{"error":"invalid_grant"}', answers),
    retry: { retries: 0 },
  })
  const state = (await client.startLogin()).searchParams.get('state') ?? ''
  const callback = input.replaceAll('STATE', state)
  const code = URL.canParse(callback) ? (new URL(callback).searchParams.get('code') ?? '') : ''
  try {
    await client.finishLogin(callback)
  } catch (error) {
    // what else quotes it was written by whoever made the callback
    for (const secret of [code, state]) {
      const once = secret.length > 7 && callback.split(`=${secret}`).length === 2 && callback.split(secret).length === 2
      must(!once || !inspect(error, { depth: 9 }).includes(secret), 'the error quotes the code or the state')
    }
    throw error
  }
  must(false, 'a login was finished without tokens')
}

function follow(input: string): void {
  if (!inHeader.test(input)) return
  for (const from of ['https://api.example/a/b?c#d', 'http://127.0.0.1:80/']) {
    const headers = new Headers({ authorization: 'Bearer secret', cookie: 'a=b', 'x-api-key': 'c' })
    const response = new Response(null, { status: 307, headers: { location: input } })
    const hop = nextHop({ url: new URL(from), method: 'POST', headers, body: 'again' }, response)
    if (hop === undefined) continue
    const { url } = hop
    must(
      url.protocol === 'https:' || (url.protocol === 'http:' && from.startsWith('http:')),
      'it leads away from https',
    )
    must(url.username + url.password === '', 'it carries credentials')
    const crossed = url.origin !== new URL(from).origin
    must(!crossed || [...hop.headers.keys()].length === 0, 'another origin gets what identifies the caller')
  }
}

const routes = proxyRoutes(
  [
    { path: '/api/', to: 'https://api.example/v1' },
    { path: '/me', to: 'https://api.example/profile' },
  ],
  '/auth',
)

function lead(input: string): void {
  const found = URL.canParse(input, site) ? destinationOf(new URL(input, site), routes) : undefined
  if (typeof found === 'object') {
    const { target } = found.route
    must(found.url.origin === target.origin && found.url.pathname.startsWith(target.pathname), 'it leaves its rule')
    must(!/%(?:25)*(?:2f|5c|00)|\/\.{1,2}(?:[;/]|$)|\/\//i.test(found.url.pathname), 'it could mean another path')
  }
  for (const route of routes) {
    const back = pathBack(input, new URL('https://api.example/v1/x'), route)
    if (back === undefined) continue
    const url = new URL(back, site)
    must(url.origin === site && url.pathname.startsWith(route.path), 'the way back leaves its rule')
  }
}
