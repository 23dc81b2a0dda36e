import { ConfigurationError, isImsError } from '../errors.ts'
import { discardBody, notResponse } from '../ims/read-body.ts'
import { badOption, checkOptions } from '../options.ts'
import type { Fetch } from '../ports.ts'
import type { GetTokenOptions } from '../session/session.ts'
import type { OriginTest } from './allowed-origins.ts'
import { authHeaders } from './auth-headers.ts'
import { type Hop, isRedirect, maxRedirects, nextHop } from './redirects.ts'

/** `fetch` with the client's token. */
export type AuthorizedFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

export interface AuthorizedFetchOptions {
  readonly getToken: (options?: GetTokenOptions) => Promise<string>
  readonly clientId: string
  readonly orgId?: string | undefined
  readonly allows: OriginTest
  /** Default: the global `fetch`. */
  readonly fetch?: Fetch | undefined
}

/** A request of the caller, ready to be sent. */
interface Outgoing {
  readonly first: Hop
  /** What the caller wants done about redirects. */
  readonly redirect: RequestRedirect
  readonly signal: AbortSignal
  readonly send: (hop: Hop) => Promise<Response>
}

/**
 * Adds `Authorization`, `x-api-key` and `x-gw-ims-org-id` (RFC 6750, section 2.1), to allowed origins only. A 401 gets
 * one more try with a fresh token if there is one and the body can be sent again. Redirects are followed here, as not
 * every runtime's `fetch` drops the token on the way to another origin; a browser's does, and shows no redirect.
 *
 * @throws {ConfigurationError} `BAD_OPTION` for an origin that is not allowed, before a token is taken
 */
export function authorizedFetch(options: AuthorizedFetchOptions): AuthorizedFetch {
  return async (input, init) => {
    const outgoing = prepare(input, init, options.fetch)
    const { url, headers } = outgoing.first
    if (!options.allows(url)) {
      throw new ConfigurationError(
        'BAD_OPTION',
        `${url.origin} is not among allowedOrigins, so the token was not sent; add it if it is yours`,
      )
    }
    const token = await options.getToken({ signal: outgoing.signal })
    for (const [name, value] of Object.entries(authHeaders(token, options)))
      if (name === 'authorization' || !headers.has(name)) headers.set(name, value)
    return follow(outgoing, () => renew(token, outgoing.signal, options))
  }
}

async function follow(
  { first, redirect, send }: Outgoing,
  renewed: () => Promise<string | undefined>,
): Promise<Response> {
  let hop = first
  let mayRenew = true
  for (let redirects = 0; ; ) {
    const response = await send(hop)
    // no more is required: a test's mock of the API may return any object
    if (typeof response !== 'object' || response === null) throw notResponse()
    if (response.status === 401 && mayRenew && hop.body !== 'once' && gotToken(hop, response)) {
      mayRenew = false
      const token = await renewed()
      if (token === undefined) return response
      await discardBody(response)
      hop.headers.set('authorization', `Bearer ${token}`)
      continue
    }
    if (redirect === 'error' && isRedirect(response.status)) throw refused(hop, 'which redirect: "error" refuses')
    const next = redirect === 'follow' ? nextHop(hop, response) : undefined
    if (next === undefined)
      return redirects === 0 ? response : Object.defineProperty(response, 'redirected', { value: true })
    await discardBody(response)
    if (++redirects > maxRedirects) throw refused(hop, `the last of more than ${maxRedirects} redirects`)
    hop = next
  }
}

const refused = ({ url }: Hop, what: string) => new TypeError(`${url.origin} answered with a redirect, ${what}`)

/** Whether the token reached the server that sent `response`; a browser may have followed redirects meanwhile. */
function gotToken({ url, headers }: Hop, { redirected, url: answered }: Response): boolean {
  return headers.has('authorization') && (!redirected || new URL(answered).origin === url.origin)
}

/** A token other than `token`, or `undefined` if no other is available. */
async function renew(
  token: string,
  signal: AbortSignal,
  { getToken }: AuthorizedFetchOptions,
): Promise<string | undefined> {
  try {
    // of many requests that are refused at once only the first renews
    const known = await getToken({ signal })
    const fresh = known === token ? await getToken({ signal, force: true }) : known
    return fresh === token ? undefined : fresh
  } catch (error) {
    if (signal.aborted || !isImsError(error)) throw error
    return undefined
  }
}

/** @throws {ConfigurationError} `BAD_OPTION` if no request can be made of `input` and `init` */
function requireRequest(input: unknown, init: unknown): void {
  // an address without an origin is one of this page, if there is a page
  const known = input instanceof Request || URL.canParse(String(input), globalThis.location?.href)
  if (!known) throw badOption('fetch needs a URL or a Request; in Node and workers the URL must be absolute')
  if (init !== undefined) checkOptions('fetch', init)
}

function prepare(input: string | URL | Request, init: RequestInit | undefined, fetch: Fetch | undefined): Outgoing {
  requireRequest(input, init)
  const body = bodyOf(input, init)
  const redirect = init?.redirect ?? (input instanceof Request ? input.redirect : 'follow')
  const hidden = hidesRedirects()
  // a worker's Request does not know `error`
  const known = hidden || redirect !== 'error' || init instanceof Request
  const request = requestOf(input, known ? init : { ...init, redirect: 'manual' })
  const { method, headers, signal } = request
  const first = { url: new URL(request.url), method, headers, body }
  const mode = { redirect: hidden ? redirect : 'manual' } as const
  // taken before the body is on its way; a copy in Node does without the caller's dispatcher
  const spare = fetch === undefined && body === 'again' ? request.clone() : request
  let sent = false
  let bytes: Promise<ArrayBuffer> | undefined

  async function send(hop: Hop): Promise<Response> {
    const whole = !sent || body === 'none' ? request : spare
    if (fetch === undefined && hop === first && (whole === request || hidden)) {
      sent = true
      return globalThis.fetch(whole, { ...mode, headers: hop.headers })
    }
    // a fetch of the caller's own may know text and options only, so the request is taken apart for it
    if (hop.body !== 'none') bytes ??= spare.arrayBuffer()
    const content = hop.body === 'none' ? undefined : await bytes
    const options = { ...init, method: hop.method, headers: hop.headers, ...mode, signal }
    return (fetch ?? globalThis.fetch)(hop.url.href, { ...options, body: content?.byteLength ? content : null })
  }
  return { first, redirect, signal, send }
}

/** @throws {ConfigurationError} `BAD_OPTION`, without what the platform says, which may be the value of a header */
function requestOf(input: string | URL | Request, init: RequestInit | undefined): Request {
  try {
    return new Request(input, init)
  } catch {
    throw badOption('fetch cannot make a request of this; check method, headers, body and signal')
  }
}

/** Decided from the arguments: not every browser shows the body of the request made of them. */
function bodyOf(input: string | URL | Request, init: RequestInit | undefined): Hop['body'] {
  const body = init?.body ?? undefined
  if (body !== undefined) return isStream(body) ? 'once' : 'again'
  if (!(input instanceof Request) || /^(?:GET|HEAD)$/i.test(init?.method ?? input.method)) return 'none'
  return input.body === null ? 'none' : 'once'
}

/** Some runtimes also take Node's streams and async iterables. */
function isStream(body: BodyInit): boolean {
  return typeof body === 'object' && ('getReader' in body || Symbol.asyncIterator in body)
}

let hides: boolean | undefined

/** Whether `fetch` hides redirects, as in browsers: a browser also drops headers that only it may set, and that can be checked. */
function hidesRedirects(): boolean {
  hides ??= !new Request('http://localhost', { headers: { 'sec-any': '1' } }).headers.has('sec-any')
  return hides
}
