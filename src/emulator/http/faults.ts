import { ConfigurationError } from '../../core/errors.ts'
import { checkOptions, type OptionNames } from '../../core/options.ts'

/** A failure to inject. Without `status` and `body` the request is processed as usual. */
export interface FaultOptions {
  /** Start of the path, or a pattern it must match. */
  readonly path: string | RegExp
  readonly method?: string
  /** Answers with this status instead of processing the request. Default with a `body`: 200. */
  readonly status?: number
  /** Answers with this body instead; values other than strings are sent as JSON. */
  readonly body?: unknown
  /** Headers that are added to the answer, also if the request is processed. */
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds to wait before the request is processed. */
  readonly delay?: number
  /** The number of requests that it affects. Default: 1; `Infinity` for all. */
  readonly times?: number
  /**
   * Drops the connection: `before` the request is processed, `after` it was processed (its effects stay, the answer is
   * lost), or in the middle of the body of the answer (`mid-body`).
   */
  readonly drop?: 'before' | 'after' | 'mid-body'
  /** Sends only the first half of the body, with a matching `content-length`. */
  readonly truncate?: boolean
}

/** A fault that is not used up. */
export interface ArmedFault {
  readonly id: string
  readonly fault: FaultOptions
  /** The number of requests that it still affects. */
  readonly left: number
}

/** The faults that are not used up. */
export interface Faults {
  /** Oldest first. */
  readonly armed: readonly ArmedFault[]
  /** Removes the fault with this id, or all without one. */
  remove(id?: string): void
  /** Adds a fault; the returned function removes it. */
  add(options: FaultOptions): () => void
  /** Takes the oldest matching fault. Preflights match only if `method` of the fault is `OPTIONS`. */
  take(method: string, path: string): FaultOptions | undefined
}

function matches(fault: FaultOptions, method: string, path: string): boolean {
  if (fault.method === undefined ? method === 'OPTIONS' : fault.method.toUpperCase() !== method) return false
  return typeof fault.path === 'string' ? path.startsWith(fault.path) : path.search(fault.path) >= 0
}

const nullBodyStatuses = [204, 205, 304]

const faultOptions: OptionNames<FaultOptions> = {
  path: 1,
  method: 1,
  status: 1,
  body: 1,
  headers: 1,
  delay: 1,
  times: 1,
  drop: 1,
  truncate: 1,
}

function check(fault: FaultOptions): void {
  checkOptions('fault', fault, faultOptions)
  const { path, status, body, times = 1 } = fault
  if (!(typeof path === 'string' || path instanceof RegExp)) {
    throw new ConfigurationError('BAD_OPTION', 'A fault needs a path: the start of a path as a string, or a RegExp.')
  }
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599)) {
    throw new ConfigurationError('BAD_OPTION', 'The status of a fault must be an integer from 200 to 599.')
  }
  if (body !== undefined && status !== undefined && nullBodyStatuses.includes(status)) {
    throw new ConfigurationError(
      'BAD_OPTION',
      `An answer with status ${status} has no body. Remove the body from the fault.`,
    )
  }
  if (!(times > 0)) throw new ConfigurationError('BAD_OPTION', 'The option times of a fault must be at least 1.')
}

/** An empty list of faults. */
export function createFaults(): Faults {
  const faults = new Map<string, { readonly fault: FaultOptions; left: number }>()
  return {
    get armed() {
      return Array.from(faults, ([id, { fault, left }]) => ({ id, fault, left }))
    },
    remove(id) {
      if (id === undefined) faults.clear()
      else faults.delete(id)
    },
    add(fault) {
      check(fault)
      const key = crypto.randomUUID()
      faults.set(key, { fault, left: fault.times ?? 1 })
      return () => void faults.delete(key)
    },
    take(method, path) {
      for (const [key, entry] of faults) {
        if (!matches(entry.fault, method, path)) continue
        entry.left -= 1
        if (entry.left <= 0) faults.delete(key)
        return entry.fault
      }
      return undefined
    },
  }
}

/** What a fault does, in a few words. */
export function describeFault({ status, body, delay, drop, truncate }: FaultOptions): string {
  const effects = [
    status === undefined && body === undefined ? '' : `answers ${status ?? 200}`,
    delay === undefined ? '' : `waits ${delay / 1000} s`,
    drop === undefined ? '' : `drops the connection (${drop})`,
    truncate ? 'sends half of the body' : '',
  ].filter(Boolean)
  return effects.join(', ') || 'adds headers'
}

/** The answer that the fault defines, if it defines one. */
export function faultResponse({ status, body }: FaultOptions): Response | undefined {
  if (status === undefined && body === undefined) return undefined
  if (typeof body === 'string' || body === undefined) return new Response(body ?? null, { status: status ?? 200 })
  return Response.json(body, { status: status ?? 200 })
}

async function firstHalf(response: Response): Promise<{ half: Uint8Array<ArrayBuffer>; size: number }> {
  const body = new Uint8Array(await response.arrayBuffer())
  return { half: body.slice(0, Math.floor(body.length / 2)), size: body.length }
}

function failingBody(half: Uint8Array): ReadableStream<Uint8Array> {
  let sent = false
  return new ReadableStream({
    pull(controller) {
      if (sent) return controller.error(new TypeError('The emulator dropped the connection because of a fault.'))
      sent = true
      controller.enqueue(half)
    },
  })
}

/** Applies the fault to the body of the answer. */
export async function damage(response: Response, { drop, truncate }: FaultOptions): Promise<Response> {
  if (drop !== 'mid-body' && !truncate) return response
  const { half, size } = await firstHalf(response)
  const headers = new Headers(response.headers)
  headers.set('content-length', String(drop === 'mid-body' ? size : half.length))
  return new Response(drop === 'mid-body' ? failingBody(half) : half, { status: response.status, headers })
}
