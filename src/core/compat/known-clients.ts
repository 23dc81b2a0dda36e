import type { Client, LoginClient } from '../client.ts'
import { makeRoom } from '../make-room.ts'
import type { Session } from '../session/session.ts'

/** The client of a named context, perhaps with options of one call. */
export interface Known {
  readonly name: string
  readonly signature: string
  readonly client: Client | LoginClient
  readonly session: Session
  /** Asked for since it was last passed over for eviction. */
  used: boolean
}

/** Clients are made again from their contexts: this many are remembered, of about 7 kB each. */
const fewClients = 500

export function remember(known: Map<string, Known>, key: string, entry: Known): Known {
  known.delete(key)
  if (known.size >= fewClients) makeRoom(known)
  known.set(key, entry)
  return entry
}

export function used(entry: Known): Known {
  entry.used = true
  return entry
}
