import { isImsError } from '../../../core/errors.ts'
import { discardBody } from '../../../core/ims/read-body.ts'
import { requestHeaders, responseHeaders } from './proxy-headers.ts'
import { pathBack, type Route } from './proxy-rules.ts'
import { errorResponse, methodNotAllowed, reject } from './responses.ts'
import type { OpenSession } from './session.ts'

/** ms */
const timeout = 30_000

/** Forwards a request of the browser app to an API with the token of `session`, and returns its response. */
export async function forward(
  session: OpenSession,
  request: Request,
  { route, url }: { readonly route: Route; readonly url: URL },
): Promise<Response> {
  const { method } = request
  const allowed = route.methods ?? ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
  if (!allowed.includes(method)) return methodNotAllowed(allowed.join(', '))
  const body = method === 'GET' || method === 'HEAD' ? undefined : await readBody(request, route.maxBody)
  if (body === 'too long')
    return reject(413, { error: 'content_too_large', message: `At most ${route.maxBody} bytes are forwarded` })
  const late = AbortSignal.timeout(timeout)
  try {
    const response = await session.fetch(url, {
      method,
      headers: requestHeaders(request.headers, route),
      redirect: 'manual',
      signal: AbortSignal.any([request.signal, late]),
      ...(body !== undefined && { body }),
    })
    return responseFor(response, url, route)
  } catch (error) {
    if (isImsError(error)) return errorResponse(error)
    if (late.aborted) return reject(504, { error: 'upstream_timeout', message: 'The API did not answer in time' })
    return reject(502, { error: 'upstream_failed', message: 'The API could not be reached' })
  }
}

async function responseFor(response: Response, url: URL, route: Route): Promise<Response> {
  const { status } = response
  const headers = responseHeaders(response.headers, route)
  const location = headers.get('location')
  const redirects = response.type === 'opaqueredirect' || (status >= 300 && status < 400 && status !== 304)
  if (redirects) {
    await discardBody(response)
    // the browser app follows the redirect itself, through this proxy
    const path = location === null ? undefined : pathBack(location, url, route)
    if (path === undefined)
      return reject(502, {
        error: 'upstream_redirect',
        message: 'The API redirects to an address that no proxy rule allows',
      })
    headers.set('location', path)
    return new Response(null, { status, headers })
  }
  headers.delete('location')
  if (location !== null) headers.set('location', pathBack(location, url, route) ?? location)
  // some implementations of fetch have an empty body instead of null
  const body = [204, 205, 304].includes(status) ? null : response.body
  return new Response(body, { status, headers })
}

async function readBody(request: Request, most: number): Promise<Uint8Array<ArrayBuffer> | 'too long' | undefined> {
  if (request.body === null) return undefined
  if (Number(request.headers.get('content-length') ?? 0) > most) return 'too long'
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > most) {
      await reader.cancel()
      return 'too long'
    }
    chunks.push(value)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}
