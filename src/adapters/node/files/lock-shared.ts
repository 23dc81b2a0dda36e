/** State that all copies of this module in one thread share, such as those that a bundler makes for each route. */
export interface SharedLockState {
  /** Prefix of the token of each hold that is created here. */
  readonly realm: string
  /** The tasks that wait for their turn, by the path of the lock. */
  readonly queues: Map<string, Array<() => void>>
  /** Functions that release the holds that have not ended, by token. */
  readonly held: Map<string, () => void>
}

// if the shape of the state changes, this name must change too
const key = Symbol.for('imskit.lock-files.1')

export function sharedLockState(): SharedLockState {
  const known = (globalThis as { [key]?: SharedLockState })[key]
  if (known !== undefined) return known
  const created: SharedLockState = {
    // not a secret; loading WebCrypto would take longer than acquiring a lock
    realm: Math.random().toString(36).slice(2, 10).padEnd(8, '0'),
    queues: new Map(),
    held: new Map(),
  }
  Object.defineProperty(globalThis, key, { value: created })
  process.on('exit', () => {
    for (const release of created.held.values()) release()
  })
  return created
}
