import { type ImsError, ImsResponseError, UnavailableError } from '../errors.ts'
import { parseObject } from '../json.ts'
import { requestIdOf, safeCause, secretNames } from '../redact.ts'
import type { Answer, Call, ImsRequest } from './call.ts'
import { timedOut } from './deadline.ts'
import { isRedirection } from './refusal.ts'
import { type Refused, readRefusal, refusalIn } from './refused.ts'
import { isTransient, parseRetryAfter } from './retry-after.ts'
import { serverNow } from './server-clock.ts'

/** Why an attempt failed, and whether the same request may succeed later. */
export type Failure =
  | { readonly failure: UnavailableError; readonly retryable: true }
  | { readonly failure: ImsError; readonly retryable: false }

/** The failure of a request that IMS answered with a status other than success. */
export function refusalFailure(call: Call, request: ImsRequest, answer: Answer): Failure {
  const { status, headers, text } = answer
  const requestId = requestIdOf(headers, secretsOf(request))
  const { details, ...said } = refusedBy(request, answer)
  const { imsError, imsErrorDescription = imsError } = said
  const requested = `${request.method} ${pathOf(request.url)}`
  const trace = requestId === undefined ? '' : `; x-debug-id ${requestId}`
  const refused = (message: string) =>
    new ImsResponseError('HTTP_ERROR', message + trace, { status, ...said, requestId, details })
  if (isRedirection(status)) {
    const message = `IMS answered ${requested} with a redirect, which is not followed`
    return { failure: refused(message + inRedirect(status, imsErrorDescription)), retryable: false }
  }
  const message = `IMS answered ${status} to ${requested}: ${imsErrorDescription ?? describeBody(text)}`
  if (status !== 429 && status < 500) return { failure: refused(message), retryable: false }
  const answeredAt = Date.parse(headers.get('date') ?? '')
  const retryAfter = parseRetryAfter(headers.get('retry-after'), answeredAt || serverNow(call))
  const extras = { status, requestId, retryAfter, details: { ...said, ...details } }
  const failure = new UnavailableError('IMS_UNAVAILABLE', `${message}; try again later${trace}`, extras)
  return { failure, retryable: isTransient(status) }
}

/** The error of a 200 whose body is an OAuth error; `undefined` if it is not. */
export function refusalInside(call: Call, request: ImsRequest, answer: Answer): ImsError | undefined {
  return refusedBy(request, answer).imsError === undefined ? undefined : refusalFailure(call, request, answer).failure
}

/** The error for a request that got no answer: it timed out, or `error` is what fetch rejected with. */
export function unanswered(call: Call, request: ImsRequest, error: unknown): UnavailableError {
  const requested = `${request.method} ${new URL(request.url).origin}${pathOf(request.url)}`
  if (error === timedOut)
    return new UnavailableError('TIMEOUT', `${requested} got no answer within ${call.timeout} ms; try again later`)
  const message = `${requested} failed on the way; check the network, proxy and endpoint`
  return new UnavailableError('NETWORK_FAILED', message, { cause: safeCause(error, secretsOf(request)) })
}

/** The error for an answer that cannot be understood. */
export function malformed(
  request: { readonly url: string; readonly method: string },
  response: { readonly status: number; readonly headers: Headers },
  what: string,
): ImsResponseError {
  const requestId = requestIdOf(response.headers)
  const message = `${request.method} ${pathOf(request.url)}: ${what}; check that endpoint is IMS and that no proxy alters its answers`
  return new ImsResponseError('IMS_MALFORMED', message, { status: response.status, requestId })
}

/** What IMS said in the body, or in the address of a redirect. */
function refusedBy(request: ImsRequest, { status, headers, text }: Answer): Refused {
  const secrets = [...secretsOf(request)]
  if (!isRedirection(status)) {
    const body = parseObject(text)
    return readRefusal((name) => body?.[name], secrets)
  }
  const location = headers.get('location') ?? ''
  return URL.canParse(location, request.url) ? refusalIn(new URL(location, request.url), secrets) : {}
}

function inRedirect(status: number, said: string | undefined): string {
  if (said !== undefined) return `: ${said}`
  return status === 0
    ? '; a browser does not show the reason: check endpoint, client id and scopes'
    : '; check endpoint'
}

function describeBody(text: string): string {
  if (text.trim() === '') return 'an empty body'
  return text.trimStart().startsWith('<')
    ? 'an HTML page, which IMS itself does not send; check whether a proxy is in between'
    : 'no error text'
}

/** The secrets of a request: an error must not repeat them. */
export function* secretsOf({ headers = {}, body }: ImsRequest): Iterable<string> {
  const fields = body === undefined || body instanceof Blob ? [] : body
  for (const [name, value] of fields) if (typeof value === 'string' && secretNames.has(name)) yield value
  for (const [name, value] of Object.entries(headers))
    if (secretNames.has(name.toLowerCase())) yield value.replace(/^\w+ /, '')
}

function pathOf(url: string): string {
  return new URL(url).pathname
}
