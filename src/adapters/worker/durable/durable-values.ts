import { digest } from '../../../core/digest.ts'
import type { Json } from '../../../core/ports.ts'
import type { DurableStorage } from '../bindings.ts'
import type { DurableMessages } from './durable-messages.ts'

interface Kept {
  readonly key: string
  /** Absent where it was deleted, and a late writer must not bring it back. */
  readonly value?: Json
  /** ms since the epoch */
  readonly expiresAt?: number | undefined
  /** The latest turn that wrote here. */
  readonly fence: number
  readonly at: number
}

type Values = {
  [Verb in 'get' | 'set' | 'delete' | 'keys']: (message: DurableMessages[Verb][0]) => Promise<DurableMessages[Verb][1]>
} & { sweep(): Promise<void> }

const prefix = 'value:'
const longestKey = 500
/** ms after which what was deleted is forgotten: nobody still writes by then. */
const sweepAfter = 86_400_000

/** The values of one Durable Object. Who writes under a lock says in which turn; an earlier turn overwrites no later one. */
export function durableValues(storage: DurableStorage): Values {
  const nameOf = async (key: string) => prefix + (key.length > longestKey ? await digest(key) : key)
  const isAlive = ({ value, expiresAt }: Kept) =>
    value !== undefined && (expiresAt === undefined || expiresAt > Date.now())

  async function read(key: string): Promise<Kept | undefined> {
    const kept = await storage.get<Kept>(await nameOf(key))
    return kept?.key === key ? kept : undefined
  }

  async function write(key: string, fence: number | undefined, content: Pick<Kept, 'value' | 'expiresAt'>) {
    const latest = (await read(key))?.fence ?? 0
    if (fence !== undefined && fence < latest) return { written: false }
    const kept: Kept = { key, ...content, fence: fence ?? latest, at: Date.now() }
    await storage.put(await nameOf(key), kept)
    if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now() + sweepAfter)
    return { written: true }
  }

  return {
    async get({ key }) {
      const kept = await read(key)
      return kept?.value !== undefined && isAlive(kept) ? { value: kept.value } : {}
    },
    set: ({ key, value, expiresAt, fence }) => write(key, fence, { value, expiresAt }),
    delete: ({ key, fence }) => write(key, fence, {}),
    async keys({ prefix: start }) {
      const kept = [...(await storage.list<Kept>({ prefix })).values()]
      return { keys: kept.filter((each) => each.key.startsWith(start) && isAlive(each)).map(({ key }) => key) }
    },
    async sweep() {
      for (const [name, kept] of await storage.list<Kept>({ prefix }))
        if (!isAlive(kept) && kept.at + sweepAfter < Date.now()) await storage.delete(name)
    },
  }
}
