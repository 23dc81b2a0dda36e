import type { Json } from '../../core/ports.ts'
import { asked, requireBinding } from './asked.ts'
import type { DurableNamespace } from './bindings.ts'

/** What an `ImsLock` is asked, by name, and what it answers. */
export interface DurableMessages {
  /** Waits up to `patience` ms for its turn. No `fence`: it was not its turn yet. */
  acquire: [{ name: string; ticket: string; lease: number; patience: number }, { fence?: number }]
  /** Keeps the lease for `lease` ms more, where it is still the ticket's. */
  extend: [{ name: string; ticket: string; lease: number }, { held: boolean }]
  /** Ends the lease of the ticket, or its wait. */
  release: [{ name: string; ticket: string }, object]
  get: [{ key: string }, { value?: Json }]
  /** Not written where someone with a later fence has written before. */
  set: [{ key: string; value: Json; expiresAt?: number; fence?: number }, { written: boolean }]
  delete: [{ key: string; fence?: number }, { written: boolean }]
  keys: [{ prefix: string }, { keys: string[] }]
}

export type DurableVerb = keyof DurableMessages

/** Asks the object of that name. A stub belongs to one request, so each message takes a new one. */
export type AskObject = <Verb extends DurableVerb>(
  object: string,
  verb: Verb,
  message: DurableMessages[Verb][0],
) => Promise<DurableMessages[Verb][1]>

/** @throws {ConfigurationError} `BAD_OPTION` for what is no namespace */
export function askObjects(who: string, namespace: DurableNamespace): AskObject {
  requireBinding(who, 'a Durable Object namespace', namespace, 'idFromName')
  return (object, verb, message) =>
    asked('the Durable Object', verb, async () => {
      const stub = namespace.get(namespace.idFromName(object))
      const response = await stub.fetch(`https://imskit/${verb}`, { method: 'POST', body: JSON.stringify(message) })
      if (response.status === 200) return (await response.json()) as DurableMessages[typeof verb][1]
      throw new Error(`it answered ${response.status}; is its class ImsLock of this package?`)
    })
}
