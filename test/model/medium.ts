import type { Json, Store } from '../../src/core/ports.ts'
import { mediumLimit } from '../../src/core/session/times.ts'
import { perform, type Wires } from './ports.ts'
import type { Process } from './scheduler.ts'
import type { Judge } from './verdict.ts'

/** What a store holds under a key of tokens, as far as the model looks at it. */
export interface Entry {
  readonly accessToken: string
  readonly expiresAt: number
  readonly obtainedAt?: number
  readonly refreshToken?: string
}

/** The medium that all processes share: it always shows the last write. */
export interface SharedMedium {
  read(key: string): Json | undefined
  write(key: string, value: Json | undefined, expiresAt?: number): void
  /** The tokens that are stored, whatever their key. */
  entry(): Entry | undefined
  keys(prefix: string): string[]
}

export const isTokenKey = (key: string) => key.startsWith('imskit/tokens/')

const isNoteKey = (key: string) => key.startsWith('imskit/renewals/')

export function createMedium(now: () => number): SharedMedium {
  const entries = new Map<string, { text: string; expiresAt: number }>()
  const medium: SharedMedium = {
    read(key) {
      const found = entries.get(key)
      if (found === undefined || found.expiresAt <= now()) return undefined
      return JSON.parse(found.text) as Json
    },
    write(key, value, expiresAt = Number.POSITIVE_INFINITY) {
      if (value === undefined) entries.delete(key)
      else entries.set(key, { text: JSON.stringify(value), expiresAt })
    },
    entry() {
      for (const key of entries.keys()) if (isTokenKey(key)) return asEntry(medium.read(key))
      return undefined
    },
    keys: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix) && medium.read(key) !== undefined),
  }
  return medium
}

const holdingOf = (note: Json) => String((note as { by?: Json }).by)

export const asEntry = (value: Json | undefined) => value as unknown as Entry | undefined

/** Whether a note says that the refresh token of the credential cannot be used any more. */
const saysRefused = (value: Json | undefined) => {
  const { ended } = (value ?? {}) as { ended?: string }
  return ended === 'refused' || ended === 'redeemed'
}

/** Is told what `process` makes of the stored tokens, before that is done. */
export type Changed = (process: Process, before: Entry | undefined, after: Entry | undefined) => void

/** `medium` as `process` sees it: every operation can fail, stall or lose its answer. */
export function modelStore(
  wires: Wires,
  process: Process,
  { medium, judge, changed }: { medium: SharedMedium; judge: Judge; changed: Changed },
): Store {
  const brief = (key: string) => key.split('/')[1] ?? key
  return {
    get: (key) => {
      const ours = isTokenKey(key)
      const asked = wires.scheduler.now()
      // an answer that comes later is not waited for
      const inTime = () => wires.scheduler.now() - asked < mediumLimit
      let lookedAt = asked
      return perform(wires, process, {
        medium: 'store.get',
        text: `store.get ${brief(key)}`,
        effect: () => {
          const value = medium.read(key)
          lookedAt = wires.scheduler.now()
          return value
        },
        arrived: (value: Json | undefined) => {
          if (ours) judge.read(process, asEntry(value), { lookedAt, inTime: inTime() })
          else if (saysRefused(value)) judge.readRefusal(process)
        },
        ...(ours && { failed: () => judge.unreadable(process) }),
      })
    },
    set: (key, value, expiresAt) => {
      const asked = wires.scheduler.now()
      const write = isTokenKey(key) ? judge.storing(process, asEntry(value) as Entry) : undefined
      return perform(wires, process, {
        medium: 'store.set',
        text: `store.set ${brief(key)} ${JSON.stringify(value)}`,
        effect: () => {
          if (write !== undefined) {
            if (wires.scheduler.now() - asked > mediumLimit) judge.replacedLate(medium.entry())
            changed(process, medium.entry(), asEntry(value))
          }
          medium.write(key, value, expiresAt)
          write?.stored()
        },
        arrived: () => {
          if (isNoteKey(key)) judge.noted(process, holdingOf(value), true)
        },
        failed: () => {
          if (isNoteKey(key)) judge.noted(process, holdingOf(value), false)
          write?.failed()
        },
      })
    },
    delete: (key) => {
      const asked = wires.scheduler.now()
      return perform(wires, process, {
        medium: 'store.delete',
        text: `store.delete ${brief(key)}`,
        effect: () => {
          if (isTokenKey(key)) {
            if (wires.scheduler.now() - asked > mediumLimit) judge.replacedLate(medium.entry())
            changed(process, medium.entry(), undefined)
          }
          medium.write(key, undefined)
        },
      })
    },
    keys: async (prefix) => medium.keys(prefix),
  }
}
