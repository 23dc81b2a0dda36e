import { ImsError, ImsResponseError, UnavailableError } from '../errors.ts'
import type { Emit } from '../events.ts'
import { parseObject } from '../json.ts'
import type { Clock, Fetch, Platform } from '../ports.ts'
import { requestIdOf, safeCause, secretNames } from '../redact.ts'
import { timedOut, withDeadline } from './deadline.ts'
import { readBody, requireResponse } from './read-body.ts'
import { isRedirection } from './refusal.ts'
import { type Refused, readRefusal, refusalIn } from './refused.ts'
import { backOff, isTransient, parseRetryAfter } from './retry.ts'
import type { RetryPolicy } from './retry-policy.ts'

/** Everything one call needs, put together once and handed down unchanged. */
export interface Call {
  /** Base URL of IMS. */
  readonly endpoint: string
  /** The issuers accepted in id tokens and in `iss` of callbacks. Default: those of the endpoint. */
  readonly issuers?: readonly string[] | undefined
  readonly fetch: Fetch
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
  /** ms per attempt */
  readonly timeout: number
  readonly retry: RetryPolicy
  readonly emit: Emit
  /** How far the server's clock is ahead of ours in ms, learned from its `Date` header; 0 while within a minute. */
  readonly skew: { ms: number }
  readonly readKey?: Platform['readKey']
  /** Asked before each attempt of a request that must not be repeated blindly. */
  readonly attempts?: AttemptGuard | undefined
  /** The address of an API path. Default: the path behind `endpoint`. */
  readonly urlOf?: ((path: string) => string) | undefined
}

/** The address of an API path for `call`. */
export function urlOf(call: Call, path: string): string {
  return call.urlOf?.(path) ?? call.endpoint + path
}

/** Decides whether a request may be sent, and sent again. */
export interface AttemptGuard {
  /** Runs before each attempt; if it throws, nothing is sent. */
  before(): Promise<void>
  /** Whether an attempt that starts in `delay` ms still fits into the time there is. */
  fits(delay: number): boolean
}

/** One request to IMS. */
export interface ImsRequest {
  readonly url: string
  readonly method: string
  readonly headers?: Record<string, string>
  readonly body?: URLSearchParams | FormData | Blob | undefined
  /** What must not be sent a second time: a request that spends an authorization code. */
  readonly once?: boolean
}

/** A successful answer, read to its end. */
export interface Answer {
  readonly status: number
  /** When the request was sent, by our clock, in ms since the epoch: the latest time at which a lifetime may begin. */
  readonly sentAt: number
  readonly headers: Headers
  readonly text: string
}

const maxBody = 4 * 1024 * 1024
const maxHonestSkew = 60_000

/** Our clock, corrected by the server's. ms since the epoch. */
export function serverNow(call: Call): number {
  return call.clock.now() + call.skew.ms
}

/**
 * Sends `request` and reads the answer: with a timeout per attempt, bounded retries and no redirects.
 *
 * @throws {ImsResponseError} `HTTP_ERROR` IMS refused; `IMS_MALFORMED` the answer is no answer
 * @throws {UnavailableError} `NETWORK_FAILED`, `TIMEOUT`, `IMS_UNAVAILABLE`
 * @throws the reason of `call.signal`, untouched, once that is aborted
 */
export async function send(call: Call, request: ImsRequest): Promise<Answer> {
  const retries = request.once ? 0 : call.retry.retries
  for (let attempt = 1; ; attempt++) {
    await call.attempts?.before()
    const failure = await attemptOnce(call, request, attempt)
    if (!(failure instanceof ImsError)) return failure
    const worthRetrying = failure instanceof UnavailableError && attempt <= retries && failure.details?.final !== true
    if (!worthRetrying) throw failure
    const delay = failure.retryAfter ?? backOff(call.retry, attempt)
    if (delay > call.retry.maxRetryAfter || call.attempts?.fits(delay) === false) throw failure
    call.emit({ type: 'retry', path: pathOf(request.url), attempt, delay, reason: failure.code })
    await call.clock.sleep(delay, call.signal)
  }
}

async function attemptOnce(call: Call, request: ImsRequest, attempt: number): Promise<Answer | ImsError> {
  const began = call.clock.now()
  const report = (status: number | undefined) => {
    const { method, url } = request
    call.emit({ type: 'request', method, path: pathOf(url), attempt, status, duration: call.clock.now() - began })
  }
  try {
    const answer = await withDeadline(call, async (signal) => {
      const response = requireResponse(await call.fetch(request.url, requestInit(request, signal)))
      return {
        status: response.status,
        sentAt: began,
        headers: response.headers,
        text: await readText(response, request),
      }
    })
    report(answer.status)
    learnSkew(call, answer.headers, began)
    return answer.status >= 200 && answer.status < 300 ? answer : refusal(call, request, answer)
  } catch (error) {
    if (call.signal?.aborted) throw call.signal.reason
    const answered = error instanceof ImsResponseError ? error.status : undefined
    report(answered)
    if (error instanceof ImsError) return error
    return noAnswer(call, request, error)
  }
}

function requestInit({ method, headers = {}, body }: ImsRequest, signal: AbortSignal): RequestInit {
  return {
    method,
    headers: { accept: 'application/json', ...headers },
    ...(body === undefined ? {} : { body }),
    redirect: 'manual',
    // workerd refuses members that its Request does not have
    ...(knows('cache') && { cache: 'no-store' }),
    ...(knows('credentials') && { credentials: 'omit' }),
    signal,
  }
}

// a fetch of the caller's own may come without a Request
const knows = (member: keyof Request) => member in (globalThis.Request?.prototype ?? {})

async function readText(response: Response, request: ImsRequest): Promise<string> {
  const text = await readBody(response, maxBody)
  if (text === undefined) throw malformed(request, response, `the answer is longer than ${maxBody} bytes`)
  return text
}

function learnSkew(call: Call, headers: Headers, began: number): void {
  const date = Date.parse(headers.get('date') ?? '')
  if (!Number.isNaN(date)) noteServerTime(call, date, (began + call.clock.now()) / 2)
}

/** Learns that the server's clock showed `time` when ours showed `now`; ms since the epoch. */
export function noteServerTime(call: Call, time: number, now = call.clock.now()): void {
  const skew = time - now
  const before = call.skew.ms
  call.skew.ms = Math.abs(skew) > maxHonestSkew ? Math.round(skew) : 0
  if (call.skew.ms !== 0 && before === 0) call.emit({ type: 'clock-skew', skew: call.skew.ms })
}

/** The answer of a server that did not do what was asked. */
function refusal(call: Call, request: ImsRequest, answer: Answer): ImsError {
  const { status, headers, text } = answer
  const requestId = requestIdOf(headers, secretsOf(request))
  const { details, ...said } = refusedBy(request, answer)
  const { imsError, imsErrorDescription = imsError } = said
  const asked = `${request.method} ${pathOf(request.url)}`
  const trace = requestId === undefined ? '' : `; x-debug-id ${requestId}`
  if (isRedirection(status)) {
    const message = `IMS answered ${asked} with a redirect, which is not followed${inRedirect(status, imsErrorDescription)}${trace}`
    return new ImsResponseError('HTTP_ERROR', message, { status, ...said, requestId }, { details })
  }
  const what = `IMS answered ${status} to ${asked}: ${imsErrorDescription ?? describeBody(text)}`
  if (status === 429 || status >= 500) {
    const answeredAt = Date.parse(headers.get('date') ?? '')
    const retryAfter = parseRetryAfter(headers.get('retry-after'), answeredAt || serverNow(call))
    const more = { ...said, ...details, ...(isTransient(status) ? {} : { final: true }) }
    return new UnavailableError('IMS_UNAVAILABLE', `${what}; try again later${trace}`, {
      status,
      requestId,
      retryAfter,
      details: more,
    } as never)
  }
  return new ImsResponseError('HTTP_ERROR', `${what}${trace}`, { status, ...said, requestId }, { details })
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
  return status === 0 ? '; a browser does not show why: check endpoint, client id and scopes' : '; check endpoint'
}

/** The error of a 200 in which IMS says that it refused; `undefined` if it does not say so. */
export function refusalInside(call: Call, request: ImsRequest, answer: Answer): ImsError | undefined {
  return refusedBy(request, answer).imsError === undefined ? undefined : refusal(call, request, answer)
}

function describeBody(text: string): string {
  if (text.trim() === '') return 'an empty body'
  return text.trimStart().startsWith('<')
    ? 'an HTML page, which IMS itself does not send: is a proxy in between?'
    : 'no error text'
}

function noAnswer(call: Call, request: ImsRequest, error: unknown): UnavailableError {
  const where = `${request.method} ${new URL(request.url).origin}${pathOf(request.url)}`
  if (error === timedOut)
    return new UnavailableError('TIMEOUT', `${where} got no answer within ${call.timeout} ms; try again later`)
  const cause = safeCause(error, secretsOf(request))
  return new UnavailableError('NETWORK_FAILED', `${where} failed on the way; check the network, proxy and endpoint`, {
    cause,
  })
}

/**
 * As a `Response` for the libraries that want one. It is read already: a real one would take the text into a stream and
 * out again. Where it has no body, it is no answer to anything they ask.
 *
 * @param json makes the parsed text, where that is known already
 */
export function toResponse(
  request: { url: string; method: string },
  answer: Answer,
  json: () => unknown = () => JSON.parse(answer.text),
): Response {
  const { status, headers, text } = answer
  if (text === '') throw malformed(request, { status, headers }, `the answer (${status}) has an empty body`)
  const read = {
    status,
    headers,
    ok: true,
    bodyUsed: false,
    text: async () => text,
    json: async () => json(),
    clone: () => toResponse(request, answer, json),
  }
  return Object.setPrototypeOf(read, Response.prototype)
}

/** What went out as a secret must not come back in an error. */
function* secretsOf({ headers = {}, body }: ImsRequest): Iterable<string> {
  const fields = body === undefined || body instanceof Blob ? [] : body
  for (const [name, value] of fields) if (typeof value === 'string' && secretNames.has(name)) yield value
  for (const [name, value] of Object.entries(headers))
    if (secretNames.has(name.toLowerCase())) yield value.replace(/^\w+ /, '')
}

/** @internal the error for an answer that cannot be understood */
export function malformed(
  request: { url: string; method: string },
  response: { status: number; headers: Headers },
  what: string,
): ImsResponseError {
  const requestId = requestIdOf(response.headers)
  const message = `${request.method} ${pathOf(request.url)}: ${what}; check that endpoint is IMS and that no proxy alters its answers`
  return new ImsResponseError('IMS_MALFORMED', message, { status: response.status, requestId })
}

function pathOf(url: string): string {
  return new URL(url).pathname
}
