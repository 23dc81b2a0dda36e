import { digest } from '../../../core/digest.ts'
import type { Json } from '../../../core/ports.ts'
import type { DurableStorage } from '../bindings.ts'
import type { DurableMessages } from './durable-messages.ts'

interface StoredValue {
  readonly key: string
  /** Missing if the value was deleted; the entry remains, so that a late write cannot restore it. */
  readonly value?: Json
  /** ms since the epoch */
  readonly expiresAt?: number | undefined
  /** The latest turn that wrote this entry. */
  readonly fence: number
  readonly at: number
}

type Values = {
  [Verb in 'get' | 'set' | 'delete' | 'keys']: (message: DurableMessages[Verb][0]) => Promise<DurableMessages[Verb][1]>
} & { sweep(): Promise<void> }

const prefix = 'value:'
const longestKey = 500
/** ms after which deleted entries are removed; by then there are no more late writes. */
const sweepAfter = 86_400_000

/** The values of one Durable Object. A write may name the turn of its lock; an earlier turn does not overwrite a later one. */
export function durableValues(storage: DurableStorage): Values {
  const nameOf = async (key: string) => prefix + (key.length > longestKey ? await digest(key) : key)
  const isAlive = ({ value, expiresAt }: StoredValue) =>
    value !== undefined && (expiresAt === undefined || expiresAt > Date.now())

  async function read(key: string): Promise<StoredValue | undefined> {
    const stored = await storage.get<StoredValue>(await nameOf(key))
    return stored?.key === key ? stored : undefined
  }

  async function write(key: string, fence: number | undefined, content: Pick<StoredValue, 'value' | 'expiresAt'>) {
    const latest = (await read(key))?.fence ?? 0
    if (fence !== undefined && fence < latest) return { written: false }
    const stored: StoredValue = { key, ...content, fence: fence ?? latest, at: Date.now() }
    await storage.put(await nameOf(key), stored)
    if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now() + sweepAfter)
    return { written: true }
  }

  return {
    async get({ key }) {
      const stored = await read(key)
      return stored?.value !== undefined && isAlive(stored) ? { value: stored.value } : {}
    },
    set: ({ key, value, expiresAt, fence }) => write(key, fence, { value, expiresAt }),
    delete: ({ key, fence }) => write(key, fence, {}),
    async keys({ prefix: start }) {
      const stored = [...(await storage.list<StoredValue>({ prefix })).values()]
      return { keys: stored.filter((each) => each.key.startsWith(start) && isAlive(each)).map(({ key }) => key) }
    },
    async sweep() {
      for (const [name, stored] of await storage.list<StoredValue>({ prefix }))
        if (!isAlive(stored) && stored.at + sweepAfter < Date.now()) await storage.delete(name)
    },
  }
}
