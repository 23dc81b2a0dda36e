import type { Queues } from './turns-here.ts'

/** What the handlers of one isolate or process know together, and what is about one session of theirs only. */
export interface SharedState {
  /** The turns at the locks of sessions. */
  readonly queues: Queues<string>
  /** Ids of holdings that have ended. */
  readonly ended: Set<string>
  /** What was learned of sessions lately; values only, as a promise must not serve two requests in a worker. */
  readonly values: Map<string, { readonly text: string; readonly expiresAt: number }>
}

// a framework may load several copies of this module into one process: they must not renew a session side by side
const place = Symbol.for('imskit.worker.sessions.1')

export function sharedState(): SharedState {
  const here = globalThis as { [place]?: SharedState }
  here[place] ??= newState()
  return here[place]
}

export function newState(): SharedState {
  return { queues: new Map(), ended: new Set(), values: new Map() }
}
