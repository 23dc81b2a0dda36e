import type { Client, LoginClient } from '../client.ts'
import { makeRoom } from '../make-room.ts'
import type { Session } from '../session/session.ts'

/** The client of a named context, perhaps with options of one call. */
export interface KnownClient {
  /** The name of the context. */
  readonly name: string
  /** Everything that the client was made from: if it changes, the client is made again. */
  readonly signature: string
  readonly client: Client | LoginClient
  readonly session: Session
  /** Whether it was used since it was last considered for eviction. */
  used: boolean
}

/** The limit of clients in memory, of about 7 kB each; an evicted one is made again from its context. */
const maxClients = 500

export function rememberClient(clients: Map<string, KnownClient>, key: string, entry: KnownClient): KnownClient {
  clients.delete(key)
  if (clients.size >= maxClients) makeRoom(clients)
  clients.set(key, entry)
  return entry
}

/** The client of the context `name` without options of a call, if there is one. */
export function knownClient(clients: Map<string, KnownClient>, name: string): KnownClient | undefined {
  const entry = clients.get(name)
  // the key may also be that of another context with options of a call
  return entry?.name === name ? entry : undefined
}

export function markUsed(entry: KnownClient): KnownClient {
  entry.used = true
  return entry
}

/** Has every client of the context `name` read its tokens from the store again. */
export function refreshMemory(clients: Map<string, KnownClient>, name: string): void {
  for (const entry of clients.values()) if (entry.name === name) entry.session.refreshMemory()
}
