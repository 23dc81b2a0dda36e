import { checkOrigin, type HandlerSetup } from './auth-handler-options.ts'
import { requestCookies } from './cookies.ts'
import type { SessionRequest } from './session-setup.ts'

/** A request with the address that the browser sees. */
export interface HandlerRequest extends SessionRequest {
  readonly request: Request
  readonly url: URL
}

/** @throws {ConfigurationError} `BAD_OPTION` if no `origin` is configured and that of the request is not safe for cookies */
export function handlerRequest(
  { origin: configured, insecure }: HandlerSetup,
  request: Request,
  context: unknown,
): HandlerRequest {
  const { origin: requested, pathname, search } = new URL(request.url)
  const origin = configured ?? requested
  if (configured === undefined) checkOrigin(origin, insecure)
  // each part on its own, as a path may start with two slashes
  const url = new URL(origin)
  url.pathname = pathname
  url.search = search
  const cookies = requestCookies(request.headers.get('cookie'), { secure: url.protocol === 'https:' })
  return { request, url, context, cookies }
}
