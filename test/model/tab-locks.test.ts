import { expect, test } from 'vitest'
import type { Hold } from '../../src/core/ports.ts'
import type { Faults } from './faults.ts'
import { createHistory } from './history.ts'
import { createRandom } from './random.ts'
import { createScheduler, type Process } from './scheduler.ts'
import { createTabLocks } from './tab-locks.ts'

const lease = 45_000

/** Pages that share the real lock of pages; `draw` says what goes wrong with a request to the browser. */
function openPages(draw: Faults['draw'] = () => undefined) {
  const scheduler = createScheduler(createRandom(1, 'order'))
  const violations: string[] = []
  const nothing = (): void => {}
  const faults: Faults = {
    draw,
    happens: () => false,
    long: () => 1_000,
    note: nothing,
    heal: nothing,
    healed: true,
  }
  const history = createHistory(scheduler.now, false)
  const wires = { scheduler, faults, random: createRandom(1, 'time'), history, crash: scheduler.crash }
  const judge = { violation: (text: string) => void violations.push(text) }
  const locks = createTabLocks(wires, { lease, judge, counts: new Map() })

  /** A page that has asked for the lock. */
  function open(name: string) {
    const process = scheduler.newProcess(name)
    let release = nothing
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const page: { process: Process; hold?: Hold; ended: boolean; release(): void } = { process, ended: false, release }
    const ask = () => {
      void locks
        .lockOf(process)('shared', (hold) => {
          page.hold = hold
          return released
        })
        .then(() => {
          page.ended = true
        })
    }
    scheduler.within(process, 0, ask)
    return page
  }

  const passes = async (ms: number) => {
    // what the test itself has set off comes first
    await new Promise((resolve) => setImmediate(resolve))
    const until = scheduler.now() + ms
    while (await scheduler.step(until));
  }
  /** What `ask` is answered, once the pages have gone on for a second. */
  const answer = async <T>(ask: Promise<T> | undefined): Promise<T | undefined> => {
    const [value] = await Promise.all([ask, passes(1_000)])
    return value
  }
  return { scheduler, locks, violations, open, passes, answer }
}

test('a frozen page loses the lock after the lease, and one that runs keeps it', async () => {
  const { scheduler, open, passes, answer, violations } = openPages()
  const holder = open('holder')
  await passes(1_000)
  const waiter = open('waiter')
  await passes(5 * lease)
  expect(await answer(holder.hold?.stillHeld())).toBe(true)
  scheduler.stop(holder.process, 2 * lease, false)
  await passes(lease - 10_000)
  expect(waiter.hold).toBeUndefined()
  await passes(20_000)
  expect(await answer(waiter.hold?.stillHeld())).toBe(true)
  await passes(2 * lease)
  expect(await answer(holder.hold?.stillHeld())).toBe(false)
  expect(violations).toEqual([])
})

// the lock, ten looks at its holder, the turn to take it over and the last look: 13 requests
test.each(Array.from({ length: 13 }, (_, index) => index + 1))(
  'a page that is frozen at request %i of its wait takes nothing from a holder that has run since',
  async (last) => {
    let asked = 0
    const { scheduler, open, passes, answer, violations } = openPages(({ name, state }) => {
      if (name !== 'waiter' || state !== 'running' || ++asked !== last) return undefined
      scheduler.stop(waiter.process, 3 * lease, false)
      return 'stop after'
    })
    const holder = open('holder')
    await passes(1_000)
    const waiter = open('waiter')
    scheduler.stop(holder.process, lease + 15_000, false)
    await passes(5 * lease)
    expect(asked).toBeGreaterThan(last)
    expect(waiter.hold).toBeUndefined()
    expect(await answer(holder.hold?.stillHeld())).toBe(true)
    expect(violations).toEqual([])
  },
)

test('a page that thaws as its task ends answers no other page any more, and no error escapes into it', async () => {
  const { scheduler, locks, open, passes, violations } = openPages()
  const holder = open('holder')
  await passes(1_000)
  const waiter = open('waiter')
  await passes(1_000)
  scheduler.stop(holder.process, 20_000, false)
  // it is asked four times meanwhile, and its task ends before it comes to answering
  scheduler.within(holder.process, 19_900, holder.release)
  await passes(25_000)
  expect([holder.ended, waiter.hold !== undefined]).toEqual([true, true])
  waiter.release()
  await passes(1_000)
  expect(violations).toEqual([])
  expect(locks.left()).toEqual([])
})

test('a page whose task has ended before the browser says who had the lock before leaves no channel open', async () => {
  let asked = 0
  const { scheduler, locks, open, passes, violations } = openPages(({ name }) => {
    if (name !== 'waiter' || ++asked !== 2) return undefined
    scheduler.within(holder.process, 0, holder.release)
    return 'late'
  })
  const holder = open('holder')
  await passes(1_000)
  const waiter = open('waiter')
  waiter.release()
  await passes(10_000)
  expect(waiter.ended).toBe(true)
  expect(violations).toEqual([])
  expect(locks.left()).toEqual([])
})
