import { digest } from '../../../core/digest.ts'
import type { Clock, Store } from '../../../core/ports.ts'
import type { SessionIdentity } from './session-content.ts'

/** Sessions that were revoked before they expired, so that a copy of their cookie is rejected. */
export interface SessionRevocations {
  /** @param until when the session would have expired, ms since the epoch */
  revoke(session: SessionIdentity, until: number): Promise<void>
  /** Revokes every session of the same user that has started until now. */
  revokeAll(session: SessionIdentity, until: number): Promise<void>
  isRevoked(session: SessionIdentity): Promise<boolean>
}

/** Stored in `memory` of this process and, if there is a store, for all processes that share it. */
export function sessionRevocations(store: Store | undefined, memory: Store, clock: Clock): SessionRevocations {
  const stores = store === undefined ? [memory] : [memory, store]
  const write = async (key: string, until: number) => {
    // in this order: if the store fails, at least this process knows
    for (const each of stores) await each.set(key, clock.now(), until)
  }
  return {
    revoke: ({ id }, until) => write(sessionKey(id), until),
    async revokeAll({ subject }, until) {
      if (subject !== undefined) await write(await userKey(subject), until)
    },
    async isRevoked({ id, startedAt, subject }) {
      const user = subject === undefined ? undefined : await userKey(subject)
      for (const each of stores) {
        const [revoked, before] = await Promise.all([each.get(sessionKey(id)), user && each.get(user)])
        if (revoked !== undefined || (typeof before === 'number' && startedAt <= before)) return true
      }
      return false
    },
  }
}

const sessionKey = (id: string) => `imskit/ended-session/${id}`
const userKey = async (subject: string) => `imskit/ended-sessions-of/${await digest(subject)}`
