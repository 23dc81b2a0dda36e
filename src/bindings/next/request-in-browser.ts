import type { AuthHandler } from '../../adapters/worker/exports.ts'

/**
 * `request` with the path that the browser requested, if `handler` answers it; otherwise `undefined`. Next removes the
 * `basePath` of its configuration in route handlers, and adds a slash with `trailingSlash`.
 *
 * @param basePath the option of the handler, which starts with that of Next
 */
export function requestInBrowser(
  handler: Pick<AuthHandler, 'handles'>,
  request: Request,
  basePath: string,
): Request | undefined {
  if (handler.handles(request)) return request
  const url = new URL(request.url)
  const path = url.pathname.replace(/\/$/, '')
  const segments = basePath.split('/')
  for (let count = 1; count < segments.length; count++) {
    url.pathname = segments.slice(0, count).join('/') + path
    if (handler.handles(new Request(url))) return new Request(url, request)
  }
  return undefined
}
