import type { Clock, Json, Store } from '../../../core/ports.ts'
import type { Queues } from './turns-here.ts'

/** What all handlers of one isolate or process know that have the same session secret and flow. */
export interface SharedState {
  /** The turns at the locks of sessions. */
  readonly queues: Queues<string>
  /** Ids of holdings that have ended. */
  readonly ended: Set<string>
  /** What was learned of sessions lately, by kind and key: values only, as a promise must not serve two requests. */
  readonly values: Map<string, Map<string, Known>>
}

interface Known {
  readonly text: string
  /** ms since the epoch */
  readonly expiresAt: number
}

// a framework may load several copies of this module into one process: they must not renew a session side by side
const place = Symbol.for('imskit.worker.sessions.1')
const fewStates = 20
const fewValues = 5_000
const fewLooks = 10

export function newState(): SharedState {
  return { queues: new Map(), ended: new Set(), values: new Map() }
}

/** The state of the handlers that `owner` names: nothing secret, and nothing that two unlike handlers share. */
export function sharedState(owner: string): SharedState {
  const here = globalThis as { [place]?: Map<string, SharedState> }
  here[place] ??= new Map()
  const states = here[place]
  const state = states.get(owner) ?? newState()
  if (!states.has(owner) && states.size >= fewStates)
    for (const oldest of states.keys()) if (states.delete(oldest)) break
  states.set(owner, state)
  return state
}

/** A {@link Store} in the state that `find` resolves to. Of each kind of key the oldest values go first. */
export function sharedMemory(find: () => Promise<SharedState>, clock: Pick<Clock, 'now'>): Store {
  const isAlive = ({ expiresAt }: Known) => expiresAt > clock.now()

  async function valuesFor(key: string): Promise<Map<string, Known>> {
    const { values } = await find()
    const kind = key.slice(0, key.indexOf('/', key.indexOf('/') + 1))
    const known = values.get(kind) ?? new Map<string, Known>()
    values.set(kind, known)
    return known
  }

  return {
    async get(key) {
      const found = (await valuesFor(key)).get(key)
      return found !== undefined && isAlive(found) ? (JSON.parse(found.text) as Json) : undefined
    },
    async set(key, value, expiresAt = Number.POSITIVE_INFINITY) {
      const values = await valuesFor(key)
      values.delete(key)
      let looks = 0
      for (const [oldest, known] of values) {
        if (++looks > fewLooks) break
        if (!isAlive(known) || values.size >= fewValues) values.delete(oldest)
      }
      values.set(key, { text: JSON.stringify(value), expiresAt })
    },
    async delete(key) {
      const values = await valuesFor(key)
      values.delete(key)
    },
    keys: async () => [],
  }
}
