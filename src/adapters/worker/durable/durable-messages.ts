import { ConfigurationError, isImsError, UnavailableError } from '../../../core/errors.ts'
import { systemClock } from '../../../core/memory.ts'
import type { Json } from '../../../core/ports.ts'
import type { DurableNamespace } from '../bindings.ts'
import { requireBinding } from '../require-arguments.ts'
import { orStoreFailed } from '../store-failed.ts'

/** What an `ImsLock` is asked, by name, and what it answers. */
export interface DurableMessages {
  /** Waits up to `patience` ms for its turn. No `fence`: it was not its turn yet. The same ticket may ask again. */
  acquire: [{ name: string; ticket: string; lease: number; patience: number }, { fence?: number }]
  /** Extends the lease to `lease` ms from now, if it is still the ticket's. */
  extend: [{ name: string; ticket: string; lease: number }, { held: boolean }]
  /** Ends the lease of the ticket, or its wait. With a `fence` the ticket has had its turn. */
  release: [{ name: string; ticket: string; fence?: number }, object]
  /** Whether the ticket is known to have had its turn and released it. */
  ended: [{ name: string; ticket: string }, { ended: boolean }]
  get: [{ key: string }, { value?: Json }]
  /** Not written if a holder with a later fence has written before. */
  set: [{ key: string; value: Json; expiresAt?: number; fence?: number }, { written: boolean }]
  delete: [{ key: string; fence?: number }, { written: boolean }]
  keys: [{ prefix: string }, { keys: string[] }]
}

export type DurableVerb = keyof DurableMessages

/** Asks the object of that name once. A stub belongs to one request, so each message takes a new one. */
export type AskObject = <Verb extends DurableVerb>(
  object: string,
  verb: Verb,
  message: DurableMessages[Verb][0],
) => Promise<DurableMessages[Verb][1]>

/** ms after which a question that the object should answer at once has failed. */
const longestAnswer = 5_000
const firstPause = 50
const longestPause = 1_000
const fewTries = 5

/** @throws {ConfigurationError} `BAD_OPTION` if `namespace` is not a namespace */
export function askObjects(who: string, namespace: DurableNamespace): AskObject {
  requireBinding(who, { what: 'a Durable Object namespace', binding: namespace, method: 'idFromName' })
  return (object, verb, message) =>
    orStoreFailed(`The Durable Object failed to answer "${verb}"; try again later`, async () => {
      const stub = namespace.get(namespace.idFromName(object))
      const body = JSON.stringify(message)
      const answer = async () => {
        const response = await stub.fetch(`https://imskit/${verb}`, { method: 'POST', body })
        if (response.status === 200) return (await response.json()) as DurableMessages[typeof verb][1]
        if (response.status >= 500) throw new Error(`it answered ${response.status}`)
        const remedy = 'the class of its binding must be ImsLock of this version of the package'
        throw new ConfigurationError('BAD_OPTION', `the Durable Object does not know "${verb}"; ${remedy}`)
      }
      return within(longestAnswer + ('patience' in message ? message.patience : 0), answer())
    })
}

/** As `ask`, but asks again after a failure: a deployment resets the object, which then answers the next question. */
export function askAgain(ask: AskObject): AskObject {
  return async (object, verb, message) => {
    for (let tries = 1; ; tries++) {
      try {
        return await ask(object, verb, message)
      } catch (error) {
        if (!isSilence(error) || tries >= fewTries) throw error
        await systemClock.sleep(pauseAfter(tries))
      }
    }
  }
}

/** Whether the object did not answer: it was reset, is overloaded or cannot be reached. */
export function isSilence(error: unknown): boolean {
  return isImsError(error) && error.code === 'STORE_FAILED'
}

/** ms to wait after so many failures in a row, with jitter. */
export function pauseAfter(failures: number): number {
  const pause = Math.min(longestPause, firstPause * 2 ** Math.min(failures - 1, 10))
  return pause * (0.5 + Math.random() / 2)
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const done = new AbortController()
  const late = systemClock.sleep(ms, done.signal).then(() => {
    throw new UnavailableError('STORE_FAILED', `the Durable Object did not answer within ${ms} ms; try again later`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    done.abort()
  }
}
