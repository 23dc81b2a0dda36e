import { isImsError, UnavailableError } from '../../../core/errors.ts'
import { systemClock } from '../../../core/memory.ts'
import { badOption } from '../../../core/options.ts'
import type { Json } from '../../../core/ports.ts'
import type { DurableNamespace } from '../bindings.ts'
import { requireBinding } from '../require-arguments.ts'
import { orStoreFailed } from '../store-failed.ts'

/** The requests that an `ImsLock` answers, by verb, and its answers. */
export interface DurableMessages {
  /** Waits up to `patience` ms for the ticket's turn. Without `fence`: it is not its turn yet, and the same ticket may ask again. */
  acquire: [{ name: string; ticket: string; lease: number; patience: number }, { fence?: number }]
  /** Extends the lease to `lease` ms from now, if the ticket still has it. */
  extend: [{ name: string; ticket: string; lease: number }, { held: boolean }]
  /** Releases the lease of the ticket, or stops its wait. With a `fence`, the ticket has had its turn. */
  release: [{ name: string; ticket: string; fence?: number }, object]
  /** Whether the ticket is known to have had its turn and released it. */
  ended: [{ name: string; ticket: string }, { ended: boolean }]
  get: [{ key: string }, { value?: Json }]
  /** Rejected if a holder with a later fence has written before. */
  set: [{ key: string; value: Json; expiresAt?: number; fence?: number }, { written: boolean }]
  delete: [{ key: string; fence?: number }, { written: boolean }]
  keys: [{ prefix: string }, { keys: string[] }]
}

export type DurableVerb = keyof DurableMessages

/** Sends one message to the object of that name. A stub belongs to one request, so each message uses a new one. */
export type AskObject = <Verb extends DurableVerb>(
  object: string,
  verb: Verb,
  message: DurableMessages[Verb][0],
) => Promise<DurableMessages[Verb][1]>

/** ms after which a message that the object should answer at once has failed. */
const longestAnswer = 5_000
const firstPause = 50
const longestPause = 1_000
const mostTries = 5

/** @throws {ConfigurationError} `BAD_OPTION` if `namespace` is not a namespace */
export function askObjects(callee: string, namespace: DurableNamespace): AskObject {
  requireBinding(callee, { what: 'a Durable Object namespace', binding: namespace, method: 'idFromName' })
  return (object, verb, message) =>
    orStoreFailed(`The Durable Object failed to answer "${verb}"; try again later`, async () => {
      const stub = namespace.get(namespace.idFromName(object))
      const body = JSON.stringify(message)
      const answer = async () => {
        const response = await stub.fetch(`https://imskit/${verb}`, { method: 'POST', body })
        if (response.status === 200) return (await response.json()) as DurableMessages[typeof verb][1]
        if (response.status >= 500) throw new Error(`The object answered ${response.status}`)
        throw badOption(
          `The Durable Object does not support "${verb}"; the class of its binding must be ImsLock of this version of the package`,
        )
      }
      return withTimeout(longestAnswer + ('patience' in message ? message.patience : 0), answer())
    })
}

/** Like `ask`, but repeats a message that failed: a deployment resets the object, which then answers the next message. */
export function askRepeatedly(ask: AskObject): AskObject {
  return async (object, verb, message) => {
    for (let tries = 1; ; tries++) {
      try {
        return await ask(object, verb, message)
      } catch (error) {
        if (!isNoAnswer(error) || tries >= mostTries) throw error
        await systemClock.sleep(pauseAfter(tries))
      }
    }
  }
}

/** Whether the object did not answer: it was reset, is overloaded or unreachable. */
export function isNoAnswer(error: unknown): boolean {
  return isImsError(error) && error.code === 'STORE_FAILED'
}

/** ms to wait after a number of consecutive failures, with jitter. */
export function pauseAfter(failures: number): number {
  const pause = Math.min(longestPause, firstPause * 2 ** Math.min(failures - 1, 10))
  return pause * (0.5 + Math.random() / 2)
}

async function withTimeout<T>(ms: number, work: Promise<T>): Promise<T> {
  const done = new AbortController()
  const late = systemClock.sleep(ms, done.signal).then(() => {
    throw new UnavailableError('STORE_FAILED', `The Durable Object did not answer within ${ms} ms; try again later`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    done.abort()
  }
}
