import { isFromOrigin, isSameText } from './csrf.ts'
import type { HandlerRequest } from './handler-request.ts'
import { reject } from './responses.ts'
import type { AuthSession } from './session.ts'

/** The response to a request that another site made the browser send; `undefined` if this site sent it. */
export function rejectForged(
  { request, url }: HandlerRequest,
  session: Pick<AuthSession, 'csrfToken'> | undefined,
): Response | undefined {
  const token = request.headers.get('x-csrf-token') ?? ''
  if (!isFromOrigin(request, url.origin) || token === '') return rejectCrossSite()
  if (session === undefined || isSameText(token, session.csrfToken)) return undefined
  const message = 'The x-csrf-token belongs to another session; request the session again'
  return reject(403, { error: 'csrf_token', message })
}

export function rejectCrossSite(): Response {
  const message = 'This request must come from this site and have the x-csrf-token of the session'
  return reject(403, { error: 'cross_site', message })
}
