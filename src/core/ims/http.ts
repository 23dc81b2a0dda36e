import { ImsError, ImsResponseError, UnavailableError } from '../errors.ts'
import { requestIdOf } from '../redact.ts'
import type { Answer, Call, ImsRequest } from './call.ts'
import { withDeadline } from './deadline.ts'
import { readBody, requireResponse } from './read-body.ts'
import { type Failure, malformed, refusalFailure, secretsOf, unanswered } from './response-error.ts'
import { backOff } from './retry.ts'
import { noteDateHeader } from './server-clock.ts'

const maxBody = 4 * 1024 * 1024

/**
 * Sends `request` and reads the answer: with a timeout per attempt, bounded retries and no redirects.
 *
 * @throws {ImsResponseError} `HTTP_ERROR` if IMS refused; `IMS_MALFORMED` if the answer cannot be understood
 * @throws {UnavailableError} `NETWORK_FAILED`, `TIMEOUT`, `IMS_UNAVAILABLE`
 * @throws the reason of `call.signal`, untouched, if that is aborted
 */
export async function send(call: Call, request: ImsRequest): Promise<Answer> {
  const retries = request.once ? 0 : call.retry.retries
  for (let attempt = 1; ; attempt++) {
    await call.attempts?.before()
    const outcome = await attemptOnce(call, request, attempt)
    if ('answer' in outcome) return outcome.answer
    const { failure, retryable } = outcome
    if (!retryable || attempt > retries) throw failure
    const delay = failure.retryAfter ?? backOff(call.retry, attempt)
    if (delay > call.retry.maxRetryAfter || call.attempts?.fits(delay) === false) throw failure
    call.emit({ type: 'retry', path: pathOf(request), attempt, delay, reason: failure.code })
    await call.clock.sleep(delay, call.signal)
  }
}

async function attemptOnce(
  call: Call,
  request: ImsRequest,
  attempt: number,
): Promise<{ readonly answer: Answer } | Failure> {
  const sentAt = call.clock.now()
  const report = (status: number | undefined, headers?: Headers) => {
    const duration = call.clock.now() - sentAt
    const requestId = headers && requestIdOf(headers, secretsOf(request))
    const { method } = request
    call.emit({ type: 'request', method, path: pathOf(request), attempt, status, duration, requestId })
  }
  try {
    const answer = await withDeadline(call, async (signal) => {
      const response = requireResponse(await call.fetch(request.url, requestInit(request, signal)))
      const { status, headers } = response
      return { status, sentAt, headers, text: await readText(response, request) }
    })
    report(answer.status, answer.headers)
    noteDateHeader(call, answer.headers, sentAt)
    return answer.status >= 200 && answer.status < 300 ? { answer } : refusalFailure(call, request, answer)
  } catch (error) {
    if (call.signal?.aborted) throw call.signal.reason
    report(error instanceof ImsResponseError ? error.status : undefined)
    const failure = error instanceof ImsError ? error : unanswered(call, request, error)
    return failure instanceof UnavailableError ? { failure, retryable: true } : { failure, retryable: false }
  }
}

function requestInit({ method, headers = {}, body }: ImsRequest, signal: AbortSignal): RequestInit {
  return {
    method,
    headers: { accept: 'application/json', ...headers },
    ...(body === undefined ? {} : { body }),
    redirect: 'manual',
    // workerd rejects members that its Request does not have
    ...(knows('cache') && { cache: 'no-store' }),
    ...(knows('credentials') && { credentials: 'omit' }),
    signal,
  }
}

// the caller's own fetch may come without a global Request
const knows = (member: keyof Request) => member in (globalThis.Request?.prototype ?? {})

async function readText(response: Response, request: ImsRequest): Promise<string> {
  const text = await readBody(response, maxBody)
  if (text === undefined) throw malformed(request, response, `the answer is longer than ${maxBody} bytes`)
  return text
}

function pathOf({ url }: ImsRequest): string {
  return new URL(url).pathname
}

/**
 * `answer` as a `Response`, which OAuth libraries read; its body is `json` if that is given. It is not a stream: making
 * one and reading it again takes longer than everything else here.
 *
 * @throws {ImsResponseError} `IMS_MALFORMED` if the answer has no body: no OAuth response is empty
 */
export function toResponse(request: Pick<ImsRequest, 'url' | 'method'>, answer: Answer, json?: object): Response {
  const { status, headers, text } = answer
  if (text === '' || isBodyless(status)) throw malformed(request, answer, `the answer (${status}) has an empty body`)
  const body = async (): Promise<unknown> => json ?? JSON.parse(text)
  const read: Pick<Response, 'status' | 'headers' | 'bodyUsed' | 'json'> = {
    status,
    headers,
    bodyUsed: false,
    json: body,
  }
  return Object.create(Response.prototype, Object.getOwnPropertyDescriptors(read))
}

const isBodyless = (status: number) => status === 204 || status === 205
