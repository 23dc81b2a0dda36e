/** What all copies of this module in one thread share, such as those that a bundler makes for each route. */
export interface Shared {
  /** Begins the token of each holding made here. */
  readonly realm: string
  /** The tasks that wait for the one ahead of them, by the path of the lock. */
  readonly queues: Map<string, Array<() => void>>
  /** How to end each holding that has not ended, by its token. */
  readonly held: Map<string, () => void>
}

// a change of what it holds needs another name
const key = Symbol.for('imskit.lock-files.1')

export function shared(): Shared {
  const known = (globalThis as { [key]?: Shared })[key]
  if (known !== undefined) return known
  const made: Shared = {
    // no secret, and WebCrypto takes longer to load than a lock takes
    realm: Math.random().toString(36).slice(2, 10).padEnd(8, '0'),
    queues: new Map(),
    held: new Map(),
  }
  Object.defineProperty(globalThis, key, { value: made })
  process.on('exit', () => {
    for (const end of made.held.values()) end()
  })
  return made
}
