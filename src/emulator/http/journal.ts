import type { Params } from './call.ts'

/** A request that arrived. */
export interface RecordedRequest {
  readonly method: string
  readonly path: string
  /** Status of the answer; 0 until there is one, and for good where the connection was dropped before. */
  readonly status: number
  /** Of query and form; a repeated one as an array. Secrets read `[redacted]`, and long ones are cut. */
  readonly params: Readonly<Record<string, string | string[]>>
  /** Milliseconds since the epoch, by the emulator's clock. */
  readonly at: number
}

/** The requests so far, oldest first. */
export interface Journal {
  readonly requests: readonly RecordedRequest[]
  /** Writes one down; the function returned adds the status of its answer, and what there is to say about it. */
  record(
    request: Omit<RecordedRequest, 'status' | 'params'>,
    params: Params,
  ): (status: number, notes: readonly string[]) => void
  /** What there is to say about a request beside its status. */
  notesOf(request: RecordedRequest): readonly string[]
}

const maxRequests = 10_000
// per request: what is written down, of all that a form may hold
const maxNames = 100
const maxValues = 1_000
const maxValueLength = 2_000
const maxLength = 20_000
const secretName = /(^|_)(secret|token|code|verifier|assertion|password|id_token_hint)$/i
const compactJwt = /^eyJ[\w-]+\.[\w-]+\.[\w-]*/

function readableParams(params: Params): Record<string, string | string[]> {
  // A plain challenge is the verifier itself
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

/** Keeps the youngest requests, without secrets. */
export function createJournal(): Journal {
  const requests: { -readonly [K in keyof RecordedRequest]: RecordedRequest[K] }[] = []
  const notesByRequest = new WeakMap<RecordedRequest, readonly string[]>()
  return {
    requests,
    notesOf: (request) => notesByRequest.get(request) ?? [],
    record(request, params) {
      const entry = { ...request, status: 0, params: readableParams(params) }
      requests.push(entry)
      if (requests.length > maxRequests) requests.shift()
      return (status, notes) => {
        entry.status = status
        notesByRequest.set(entry, notes)
      }
    },
  }
}
