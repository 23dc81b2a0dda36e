import type { Params } from './call.ts'

/** A request that arrived. */
export interface RecordedRequest {
  readonly method: string
  readonly path: string
  /** Status of the answer; 0 before it is sent, or if a fault dropped the connection before that. */
  readonly status: number
  /** Parameters of query and form; a repeated one is an array. Secrets are `[redacted]`, long values are shortened. */
  readonly params: Readonly<Record<string, string | string[]>>
  /** Milliseconds since the epoch, by the emulator's clock. */
  readonly at: number
  /** Why it was refused, or what else the emulator noticed, such as a fault. */
  readonly reason?: string
}

/** What is known of a request when it is answered. */
export interface AnswerFacts {
  readonly status: number
  readonly notes: readonly string[]
  /** The id of its client, wherever the request names it. */
  readonly clientId: string | undefined
}

/** The requests so far, oldest first. */
export interface Journal {
  readonly requests: readonly RecordedRequest[]
  /** Records a request; the returned function adds what is known of its answer, and returns the whole. */
  record(
    request: Omit<RecordedRequest, 'status' | 'params' | 'reason'>,
    params: Params,
  ): (facts: AnswerFacts) => RecordedRequest
  /** The id of the client of a request. */
  clientIdOf(request: RecordedRequest): string | undefined
}

const maxRequests = 10_000
// limits for the recorded parameters of one request
const maxNames = 100
const maxValues = 1_000
const maxValueLength = 2_000
const maxLength = 20_000
const maxReasonLength = 1_000
const secretName = /(^|_)(secret|token|code|verifier|assertion|password|id_token_hint)$/i
const compactJwt = /^eyJ[\w-]+\.[\w-]+\.[\w-]*/

function readableParams(params: Params): Record<string, string | string[]> {
  // a plain challenge is the verifier itself
  const plain = params.get('code_challenge_method') !== 'S256'
  const isSecret = (name: string, value: string) =>
    secretName.test(name) || (plain && name === 'code_challenge') || compactJwt.test(value)
  const readable = new Map<string, string[]>()
  let room = maxLength
  for (const [name, value] of params.entries().slice(0, maxValues)) {
    const values = readable.get(name) ?? []
    if (room <= 0 || (values.length === 0 && readable.size >= maxNames)) break
    const shown = isSecret(name, value) ? '[redacted]' : value.slice(0, Math.min(maxValueLength, room))
    room -= name.length + shown.length
    values.push(shown)
    readable.set(name.slice(0, maxValueLength), values)
  }
  return Object.fromEntries(
    Array.from(readable, ([name, values]) => [name, values.length === 1 ? String(values[0]) : values]),
  )
}

/** Records the newest requests, without secrets. */
export function createJournal(): Journal {
  const requests: { -readonly [K in keyof RecordedRequest]: RecordedRequest[K] }[] = []
  const clientIds = new WeakMap<RecordedRequest, string>()
  return {
    requests,
    clientIdOf: (request) => clientIds.get(request),
    record(request, params) {
      const entry: (typeof requests)[number] = { ...request, status: 0, params: readableParams(params) }
      requests.push(entry)
      if (requests.length > maxRequests) requests.shift()
      return ({ status, notes, clientId }) => {
        entry.status = status
        if (notes.length > 0) entry.reason = notes.join('; ').slice(0, maxReasonLength)
        if (clientId !== undefined) clientIds.set(entry, clientId)
        return entry
      }
    },
  }
}
