import { isImsError } from '../../../core/errors.ts'
import { discardBody } from '../../../core/ims/read-body.ts'
import { failure, refusal, wrongMethod } from './auth-handler-answers.ts'
import { requestHeaders, responseHeaders } from './proxy-headers.ts'
import { pathBack, type Route } from './proxy-rules.ts'
import type { OpenSession } from './session.ts'

const patience = 30_000

/** Sends the request of a page on to an API, with the token of `session`, and hands the answer back. */
export async function forward(
  session: OpenSession,
  request: Request,
  { route, url }: { readonly route: Route; readonly url: URL },
): Promise<Response> {
  const { method } = request
  const allowed = route.methods ?? ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
  if (!allowed.includes(method)) return wrongMethod(allowed.join(', '))
  const body = method === 'GET' || method === 'HEAD' ? undefined : await readBody(request, route.maxBody)
  if (body === 'too long') return refusal(413, 'content_too_large', `at most ${route.maxBody} bytes are sent on`)
  const patient = AbortSignal.timeout(patience)
  try {
    const answer = await session.fetch(url, {
      method,
      headers: requestHeaders(request.headers, route),
      redirect: 'manual',
      signal: AbortSignal.any([request.signal, patient]),
      ...(body !== undefined && { body }),
    })
    return handBack(answer, url, route)
  } catch (error) {
    if (isImsError(error)) return failure(error)
    if (patient.aborted) return refusal(504, 'upstream_timeout', 'the API did not answer in time')
    return refusal(502, 'upstream_failed', 'the API could not be reached')
  }
}

async function handBack(answer: Response, url: URL, route: Route): Promise<Response> {
  const { status } = answer
  const headers = responseHeaders(answer.headers, route)
  const location = headers.get('location')
  const redirects = answer.type === 'opaqueredirect' || (status >= 300 && status < 400 && status !== 304)
  if (redirects) {
    await discardBody(answer)
    // the page follows by itself, through the same gate
    const path = location === null ? undefined : pathBack(location, url, route)
    if (path === undefined) return refusal(502, 'upstream_redirect', 'the API redirects to where nothing is sent')
    headers.set('location', path)
    return new Response(null, { status, headers })
  }
  headers.delete('location')
  if (location !== null) headers.set('location', pathBack(location, url, route) ?? location)
  // not every fetch says by null that there is no body
  const body = [204, 205, 304].includes(status) ? null : answer.body
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
