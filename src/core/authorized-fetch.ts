import type { OriginTest } from './allowed-origins.ts'
import { ConfigurationError } from './errors.ts'
import type { Fetch } from './ports.ts'
import type { GetTokenOptions } from './session/session.ts'

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

/**
 * Adds `Authorization`, `x-api-key` and `x-gw-ims-org-id` (RFC 6750, section 2.1), to allowed origins only. A 401
 * gets one more try with a fresh token where the body can be sent again. Redirects to other origins go without the
 * token: that is `fetch`'s own rule.
 *
 * @throws {ConfigurationError} `BAD_OPTION` for an origin that is not allowed, before a token is taken
 */
export function authorizedFetch(options: AuthorizedFetchOptions): AuthorizedFetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const url = new URL(request.url)
    if (!options.allows(url)) {
      throw new ConfigurationError(
        'BAD_OPTION',
        `${url.origin} is not among allowedOrigins, so the token was not sent; add it if it is yours`,
      )
    }
    const again = isReplayable(input, init) ? request.clone() : undefined
    const signal = { signal: request.signal }
    const token = await options.getToken(signal)
    const response = await send(authorize(request, token, options), init, options)
    if (response.status !== 401 || again === undefined) return response
    // of many that are refused at once only the first renews
    const known = await options.getToken(signal)
    const fresh = known === token ? await options.getToken({ ...signal, force: true }) : known
    if (fresh === token) return response
    await response.body?.cancel()
    return send(authorize(again, fresh, options), init, options)
  }
}

/** A fetch of the caller's own may know text and options only, so a request is taken apart for it. */
async function send(
  request: Request,
  init: RequestInit | undefined,
  { fetch }: AuthorizedFetchOptions,
): Promise<Response> {
  if (fetch === undefined) return globalThis.fetch(request)
  const { url, method, headers, redirect, signal } = request
  const body = method === 'GET' || method === 'HEAD' ? undefined : await request.arrayBuffer()
  const sent = { ...init, method, headers, redirect, signal, body: body?.byteLength ? body : null }
  return fetch(url, sent)
}

function authorize(request: Request, token: string, { clientId, orgId }: AuthorizedFetchOptions): Request {
  request.headers.set('authorization', `Bearer ${token}`)
  if (!request.headers.has('x-api-key')) request.headers.set('x-api-key', clientId)
  if (orgId !== undefined && !request.headers.has('x-gw-ims-org-id')) request.headers.set('x-gw-ims-org-id', orgId)
  return request
}

/** Whether the body is there to be sent a second time. Not asked of the request: not every browser tells. */
function isReplayable(input: string | URL | Request, init: RequestInit | undefined): boolean {
  const body = init?.body ?? undefined
  if (body === undefined) return !(input instanceof Request) || /^(?:GET|HEAD)$/.test(init?.method ?? input.method)
  return !(typeof ReadableStream !== 'undefined' && body instanceof ReadableStream)
}
