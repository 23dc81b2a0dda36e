import { digest } from '../../../core/digest.ts'
import type { Clock, Store } from '../../../core/ports.ts'
import type { SessionName } from './session-content.ts'

/** Sessions that were ended before their time: a copy of their cookie opens nothing any more. */
export interface EndedSessions {
  /** @param until when the session would have ended by itself, ms since the epoch */
  end(session: SessionName, until: number): Promise<void>
  /** Ends every session of a person that began until now. */
  endAll(session: SessionName, until: number): Promise<void>
  isEnded(session: SessionName): Promise<boolean>
}

/** Known to this process at once, in `memory`; with a store to all who share it. */
export function endedSessions(store: Store | undefined, memory: Store, clock: Clock): EndedSessions {
  const stores = store === undefined ? [memory] : [memory, store]
  const note = async (key: string, until: number) => {
    // one after the other: what fails in the store is known here at least
    for (const each of stores) await each.set(key, clock.now(), until)
  }
  return {
    end: ({ id }, until) => note(sessionKey(id), until),
    async endAll(session, until) {
      if (session.subject !== undefined) await note(await personKey(session.subject), until)
    },
    async isEnded({ id, startedAt, subject }) {
      const person = subject === undefined ? undefined : await personKey(subject)
      for (const each of stores) {
        const [ended, before] = await Promise.all([each.get(sessionKey(id)), person && each.get(person)])
        if (ended !== undefined || (typeof before === 'number' && startedAt <= before)) return true
      }
      return false
    },
  }
}

const sessionKey = (id: string) => `imskit/ended-session/${id}`
const personKey = async (subject: string) => `imskit/ended-sessions-of/${await digest(subject)}`
