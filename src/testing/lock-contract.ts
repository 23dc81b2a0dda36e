import type { Hold, Lock } from '../core/ports.ts'
import { assert, assertSame, checkContract, rejection, type Test } from './assert.ts'

/** A lock of its own whose medium can fail. */
export interface FailingLock {
  readonly lock: Lock
  /** Makes the medium fail from now on, for every use of `lock`. */
  fail(): void | Promise<void>
}

export interface LockContractOptions {
  /** A lock of the same reach each time. */
  readonly makeLock: () => Lock | Promise<Lock>
  /** `false` for a lock that excludes no caller. Default: `true`. */
  readonly exclusive?: boolean
  /**
   * For a lock that a running holder can lose: takes `name` from its holder, as an expired lease or a restart of the
   * medium would, so that the next lock of `makeLock` gets it.
   */
  readonly lose?: (name: string, hold: Hold) => void | Promise<void>
  /** For a lock whose medium can fail: makes one that has not failed yet. */
  readonly makeFailing?: () => FailingLock | Promise<FailingLock>
}

type Check = (name: string, run: (lock: Lock, key: string) => Promise<void>) => void

let runs = 0
const pause = () => new Promise((resolve) => setTimeout(resolve, 5))

/** Checks what every {@link Lock} must do. Takes the runner's `test`, so that it runs wherever the lock does. */
export function lockContract(test: Test, options: LockContractOptions): void {
  checkContract('lockContract', test, options)
  const { makeLock, exclusive = true, lose, makeFailing } = options
  const prefix = `contract ${++runs} ${Date.now()} `
  const check: Check = (name, run) => test(`lock: ${name}`, async () => run(await makeLock(), prefix + name))
  checkTask(check)
  if (exclusive) {
    checkExclusion(check)
    checkHold(check)
  }
  if (lose !== undefined) checkLoss(check, makeLock, lose)
  if (makeFailing !== undefined) checkFailure(test, makeFailing, prefix)
}

function checkTask(check: Check): void {
  check('returns what the task returned', async (lock, key) => {
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
    assert(!ran, 'the task must not run')
  })
}

function checkExclusion(check: Check): void {
  check('runs tasks of one name one after the other', async (lock, key) => {
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
    const met = gate()
    await Promise.all([lock(`${key} a`, () => met.opened), lock(`${key} b`, async () => met.open())])
  })
  check('stops waiting when the signal aborts', async (lock, key) => {
    const { end } = await startHolding(lock, key)
    const leaving = new AbortController()
    let ran = false
    const task = async () => {
      ran = true
    }
    const waiter = lock(key, task, leaving.signal)
    const reason = new Error('gone')
    leaving.abort(reason)
    assert((await rejection(waiter)) === reason, 'signal.reason comes back untouched')
    await end()
    assertSame(await lock(key, async () => 'next'), 'next', 'result of the next')
    assert(!ran, 'the task of the caller that left must not run')
  })
}

function checkHold(check: Check): void {
  check('tells a running task that it holds the lock, also while others wait', async (lock, key) => {
    const { hold, end } = await startHolding(lock, key)
    assertSame(await hold.stillHeld(), true, 'stillHeld of the holder')
    const waiting = lock(key, (next) => next.stillHeld())
    await pause()
    assertSame(await hold.stillHeld(), true, 'stillHeld while another caller waits')
    await end()
    assertSame(await waiting, true, 'stillHeld of the next holder')
  })
  check('gives every holding an id of its own', async (lock, key) => {
    const ids: unknown[] = []
    const note = async ({ id }: Hold) => void ids.push(id)
    for (const name of [key, key, `${key} b`]) await lock(name, note)
    await Promise.all([lock(key, note), lock(`${key} b`, note)])
    const named = ids.filter((id) => id !== undefined)
    assert(named.length === 0 || named.length === ids.length, 'either every holding has an id, or none')
    assert(
      named.every((id) => typeof id === 'string' && id !== ''),
      'an id is a text that is not empty',
    )
    assertSame(new Set(named).size, named.length, 'different ids')
  })
  check('does not say that a running holding has ended', async (lock, key) => {
    const { hold, end } = await startHolding(lock, key)
    const { id } = hold
    if (id !== undefined) assert((await hold.hasEnded?.(id)) !== true, 'hasEnded of a holding that runs')
    await end()
    const after = await lock(key, async (next) => (id === undefined ? undefined : next.hasEnded?.(id)))
    assert(after === undefined || typeof after === 'boolean', 'hasEnded is true or false once the holding has ended')
  })
  check('does not say that a holding has ended that it does not know', async (lock, key) => {
    const answer = await lock(key, async (hold) => hold.hasEnded?.('no holding of this lock'))
    assert(answer !== true, 'hasEnded of an unknown id')
  })
}

function checkLoss(
  check: Check,
  makeLock: LockContractOptions['makeLock'],
  lose: NonNullable<LockContractOptions['lose']>,
): void {
  check('tells a holder that it has lost the lock', async (lock, key) => {
    const { hold, end } = await startHolding(lock, key)
    await lose(key, hold)
    assertSame(await hold.stillHeld(), false, 'stillHeld after the loss')
    await end().catch(() => {})
  })
  check('does not take the lock from the next holder when the one that lost it ends', async (lock, key) => {
    const first = await startHolding(lock, key)
    await lose(key, first.hold)
    const second = await startHolding(await makeLock(), key)
    assertSame(await first.hold.stillHeld(), false, 'stillHeld of the holder that lost the lock')
    const { id } = first.hold
    if (id !== undefined)
      assert((await second.hold.hasEnded?.(id)) !== true, 'hasEnded of a task that runs, though it lost the lock')
    await first.end().catch(() => {})
    assertSame(await second.hold.stillHeld(), true, 'stillHeld of the next holder')
    await second.end()
  })
}

function checkFailure(test: Test, makeFailing: NonNullable<LockContractOptions['makeFailing']>, prefix: string): void {
  test('lock: rejects if its medium fails, and does not run the task', async () => {
    const { lock, fail } = await makeFailing()
    await fail()
    let ran = false
    const task = async () => {
      ran = true
    }
    await rejection(lock(`${prefix}failed`, task))
    assert(!ran, 'the task must not run')
  })
  test('lock: does not claim to be held if its medium fails', async () => {
    const { lock, fail } = await makeFailing()
    const { hold, end } = await startHolding(lock, `${prefix}fails`)
    await fail()
    const held = await hold.stillHeld().catch(() => undefined)
    assert(held !== true, 'stillHeld rejects, or is false')
    assertSame(await end(), 'result', 'the task’s result, though the lock cannot be released')
  })
}

/** A holding of `name` that runs until `end` is called. */
async function startHolding(lock: Lock, name: string): Promise<{ hold: Hold; end: () => Promise<string> }> {
  const end = gate()
  let holder: Promise<string> | undefined
  const hold = await new Promise<Hold>((resolve, reject) => {
    holder = lock(name, async (hold) => {
      resolve(hold)
      await end.opened
      return 'result'
    })
    holder.catch(reject)
  })
  return {
    hold,
    end: () => {
      end.open()
      return holder as Promise<string>
    },
  }
}

function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
