import type { Lock } from '../core/ports.ts'
import { assert, assertSame, rejection, type Test } from './assert.ts'

export interface LockContractOptions {
  /** A lock of the same reach each time. */
  readonly makeLock: () => Lock | Promise<Lock>
  /** `false` for a lock that keeps nobody apart. Default: `true`. */
  readonly exclusive?: boolean
}

let runs = 0
const pause = () => new Promise((resolve) => setTimeout(resolve, 5))

/** What every {@link Lock} must do. Takes the runner's `test`, so that it runs wherever the lock does. */
export function lockContract(test: Test, { makeLock, exclusive = true }: LockContractOptions): void {
  const prefix = `contract ${++runs} ${Date.now()} `
  const check = (name: string, run: (lock: Lock, key: string) => Promise<void>) =>
    test(`lock: ${name}`, async () => run(await makeLock(), prefix + name))

  check('gives back what the task gave', async (lock, key) => {
    assertSame(await lock(key, async () => 42), 42, 'result')
  })
  check('is free again after a failure', async (lock, key) => {
    const failure = new Error('task')
    assert(
      (await rejection(lock(key, () => Promise.reject(failure)))) === failure,
      'the task’s own error comes back untouched',
    )
    assertSame(await lock(key, async () => 'next'), 'next', 'result of the next')
  })
  check('does not run a task whose signal is aborted', async (lock, key) => {
    const reason = new Error('mine')
    let ran = false
    const task = async () => {
      ran = true
    }
    assert(
      (await rejection(lock(key, task, AbortSignal.abort(reason)))) === reason,
      'signal.reason comes back untouched',
    )
    assert(!ran, 'the task ran')
  })
  if (!exclusive) return
  check('keeps tasks of one name apart', async (lock, key) => {
    let inside = 0
    let most = 0
    const task = async () => {
      most = Math.max(most, ++inside)
      await pause()
      inside--
    }
    await Promise.all(Array.from({ length: 5 }, () => lock(key, task)))
    assertSame(most, 1, 'tasks inside at once')
  })
  check('lets tasks of different names run side by side', async (lock, key) => {
    let meet: () => void = () => {}
    const met = new Promise<void>((resolve) => {
      meet = resolve
    })
    await Promise.all([lock(`${key} a`, () => met), lock(`${key} b`, async () => meet())])
  })
  check('lets a waiter go', async (lock, key) => {
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let entered: () => void = () => {}
    const inside = new Promise<void>((resolve) => {
      entered = resolve
    })
    const holder = lock(key, () => {
      entered()
      return held
    })
    await inside
    const leaving = new AbortController()
    let ran = false
    const waiter = lock(
      key,
      async () => {
        ran = true
      },
      leaving.signal,
    )
    const reason = new Error('gone')
    leaving.abort(reason)
    assert((await rejection(waiter)) === reason, 'signal.reason comes back untouched')
    release()
    await holder
    assertSame(await lock(key, async () => 'next'), 'next', 'result of the next')
    assert(!ran, 'the task of the one who left ran')
  })
}
