import type { BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freeze, newFreezableProfile, open, useBrowser } from '../browser.ts'
import { type Site, startSite } from '../site.ts'

const config = { clientId: 'none', endpoint: 'http://127.0.0.1:9', issuers: [], scopes: ['openid'] }
const newContext = useBrowser()
let site: Site

beforeAll(async () => {
  site = await startSite(config)
})
afterAll(() => site.close())

const openTabs = async (context: BrowserContext, count: number) => {
  const tabs = await Promise.all(Array.from({ length: count }, () => open(context, site.origin)))
  await Promise.all(tabs.map((tab) => tab.evaluate(observe)))
  return tabs as [Page, Page, Page, Page]
}

/** A hold in a page that lasts until the test releases it. */
interface Held {
  readonly inside: Promise<void>
  readonly outcome: Promise<string>
  id: string | undefined
  stillHeld?: () => Promise<boolean>
  hasEnded?: ((id: string) => Promise<boolean>) | undefined
  release: () => void
}

declare global {
  interface Window {
    asked: number
    hold: (lease?: number) => Held
    held: Held
  }
}

/** Counts what tabs ask each other in this page, and lets it hold the lock. */
function observe(): void {
  window.asked = 0
  new BroadcastChannel('imskit/locks').onmessage = ({ data }) => {
    if ('ask' in data) window.asked++
  }
  window.hold = (lease) => {
    let enter = () => {}
    let release = () => {}
    const inside = new Promise<void>((resolve) => {
      enter = resolve
    })
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const outcome = (lease === undefined ? window.imskit.webLock() : window.tabLock(lease))('shared', async (hold) => {
      Object.assign(held, { id: hold.id, stillHeld: hold.stillHeld, hasEnded: hold.hasEnded })
      enter()
      await released
      return 'whole'
    })
    const held: Held = { inside, outcome, release, id: undefined }
    window.held = held
    return held
  }
}

const hold = (page: Page, lease?: number) => page.evaluate((lease) => void window.hold(lease), lease)
const inside = (page: Page) => page.evaluate(() => window.held.inside)
const idOf = (page: Page) => page.evaluate(() => window.held.id ?? '')
const stillHeld = (page: Page) => page.evaluate(() => window.held.stillHeld?.())
const hasEnded = (page: Page, id: string) => page.evaluate((id) => window.held.hasEnded?.(id), id)
const release = (page: Page) =>
  page.evaluate(() => {
    window.held.release()
    return window.held.outcome
  })
const asked = (page: Page) => page.evaluate(() => window.asked)
const isWaiting = (page: Page) => page.evaluate(() => window.held.id === undefined)
const waiters = (page: Page) => page.evaluate(async () => (await navigator.locks.query()).pending?.length)

describe('webLock', () => {
  test('excludes other tabs', async () => {
    const pages = await openTabs(await newContext(), 3)
    const spans = await Promise.all(
      pages.map((page) =>
        page.evaluate(async () => {
          const now = () => performance.timeOrigin + performance.now()
          const spans: [number, number][] = []
          const lock = window.imskit.webLock()
          for (let round = 0; round < 3; round++)
            await lock('shared', async () => {
              const began = now()
              await new Promise((resolve) => setTimeout(resolve, 15))
              spans.push([began, now()])
            })
          return spans
        }),
      ),
    )
    const sorted = spans.flat().sort(([a], [b]) => a - b)
    expect(sorted.length).toBe(9)
    for (const [index, [began]] of sorted.entries())
      expect(began).toBeGreaterThanOrEqual((sorted[index - 1]?.[1] ?? 0) - 2)
  })

  test('has its lease as a property', async () => {
    const [page] = await openTabs(await newContext(), 1)
    const leases = await page.evaluate(() => [9, 60_000].map((lease) => window.imskit.webLock({ lease }).lease))
    expect(leases).toEqual([45_000, 60_000])
  })

  test('is released when its tab is closed', async () => {
    const [holder, waiter] = await openTabs(await newContext(), 2)
    await hold(holder)
    await inside(holder)
    const ended = await idOf(holder)
    await hold(waiter)
    await holder.close()
    await inside(waiter)
    await expect.poll(() => hasEnded(waiter, ended)).toBe(true)
    expect(await release(waiter)).toBe('whole')
  })

  test('stays with a holder that is slow and running, however often a waiter asks', async () => {
    const [holder, waiter] = await openTabs(await newContext(), 2)
    await hold(holder)
    await inside(holder)
    await hold(waiter, 90)
    // five leases
    await expect.poll(() => asked(holder), { timeout: 10_000 }).toBeGreaterThan(45)
    expect(await isWaiting(waiter)).toBe(true)
    expect(await stillHeld(holder)).toBe(true)
    expect(await release(holder)).toBe('whole')
    await inside(waiter)
    expect(await release(waiter)).toBe('whole')
  })

  test('is taken over from a frozen tab, which notices that when it thaws, and still finishes its task', async () => {
    const [holder, waiter] = await openTabs(await newFreezableProfile(), 2)
    await hold(holder)
    await inside(holder)
    const first = await idOf(holder)
    const thaw = await freeze(holder)
    await hold(waiter, 90)
    await inside(waiter)
    const second = await idOf(waiter)
    expect(second).not.toBe(first)
    expect(await stillHeld(waiter)).toBe(true)
    // its task is not over, although it has lost the lock
    expect(await hasEnded(waiter, first)).toBe(false)
    await thaw()
    expect(await stillHeld(holder)).toBe(false)
    expect(await hasEnded(holder, second)).toBe(false)
    expect(await release(holder)).toBe('whole')
    expect(await hasEnded(waiter, first)).toBe(true)
    expect(await stillHeld(waiter)).toBe(true)
    expect(await release(waiter)).toBe('whole')
  })

  test('is taken over by one of two waiters, and not from that one', async () => {
    const [holder, one, other, witness] = await openTabs(await newFreezableProfile(), 4)
    await hold(holder)
    await inside(holder)
    await freeze(holder)
    await Promise.all([hold(one, 90), hold(other, 90)])
    const first = await Promise.race([inside(one).then(() => one), inside(other).then(() => other)])
    const second = first === one ? other : one
    const sofar = await asked(witness)
    await expect.poll(() => asked(witness), { timeout: 10_000 }).toBeGreaterThan(sofar + 30)
    expect(await isWaiting(second)).toBe(true)
    expect(await stillHeld(first)).toBe(true)
    expect(await release(first)).toBe('whole')
    await inside(second)
    expect(await release(second)).toBe('whole')
  })

  test('two holds of one tab are different', async () => {
    const [tab, waiter] = await openTabs(await newContext(), 2)
    await hold(tab)
    await inside(tab)
    const first = await idOf(tab)
    await tab.evaluate(() => Object.assign(window, { before: window.held }))
    await hold(tab)
    await hold(waiter, 90)
    await expect.poll(() => waiters(waiter)).toBe(2)
    await tab.evaluate(() => (window as unknown as { before: Held }).before.release())
    await inside(tab)
    expect(await idOf(tab)).not.toBe(first)
    expect(await hasEnded(tab, first)).toBe(true)
    expect(await hasEnded(tab, await idOf(tab))).toBe(false)
    const sofar = await asked(tab)
    await expect.poll(() => asked(tab), { timeout: 10_000 }).toBeGreaterThan(sofar + 20)
    expect(await isWaiting(waiter)).toBe(true)
    expect(await release(tab)).toBe('whole')
    await inside(waiter)
  })

  test('is not taken over for time in which the waiter itself did not run', async () => {
    const [holder, waiter, witness] = await openTabs(await newFreezableProfile(), 3)
    await hold(holder)
    await inside(holder)
    await freeze(holder)
    await waiter.evaluate(() => {
      let now = performance.now()
      let tick = () => {}
      performance.now = () => now
      Object.assign(window, {
        setInterval: (run: () => void) => {
          tick = run
        },
        passes: (ms: number) => {
          now += ms
          tick()
        },
      })
    })
    await hold(waiter)
    const passes = (ms: number) =>
      waiter.evaluate((ms) => (window as unknown as { passes: (ms: number) => void }).passes(ms), ms)
    const passesUnheard = async (ms: number) => {
      const sofar = await asked(witness)
      await passes(ms)
      await expect.poll(() => asked(witness)).toBe(sofar + 1)
    }
    for (let round = 0; round < 9; round++) await passesUnheard(5_000)
    // the laptop is closed for an hour; afterwards a timer that is due fires once
    await passesUnheard(3_600_000)
    expect(await isWaiting(waiter)).toBe(true)
    await passes(5_000)
    await inside(waiter)
  })

  test('has no timer, channel or lock while nothing is held', async () => {
    const [page, other] = await openTabs(await newContext(), 2)
    const left = await page.evaluate(async () => {
      const open = new Set<unknown>()
      const Original = BroadcastChannel
      window.BroadcastChannel = class extends Original {
        constructor(name: string) {
          super(name)
          open.add(this)
        }
        override close() {
          open.delete(this)
          super.close()
        }
      }
      const [set, clear] = [setInterval, clearInterval]
      Object.assign(window, {
        setInterval: (run: () => void, ms: number) => {
          const timer = set(run, ms)
          open.add(timer)
          return timer
        },
        clearInterval: (timer: number) => {
          open.delete(timer)
          clear(timer)
        },
      })
      const most: number[] = []
      const lock = window.tabLock(90)
      const take = () =>
        lock('shared', async () => {
          most.push(open.size)
          await new Promise((resolve) => setTimeout(resolve, 30))
        })
      await Promise.all([take(), take(), take()])
      return { most: Math.max(...most), open: open.size }
    })
    expect(left.most).toBeGreaterThan(0)
    expect(left.open).toBe(0)
    expect(await other.evaluate(async () => (await navigator.locks.query()).held)).toEqual([])
  })

  test('rejects stillHeld when the browser does not answer', async () => {
    const [page] = await openTabs(await newContext(), 1)
    await hold(page)
    await inside(page)
    const outcome = await page.evaluate(() => {
      LockManager.prototype.query = () => Promise.reject(new DOMException('detached', 'InvalidStateError'))
      return window.held.stillHeld?.().catch(({ name }) => name)
    })
    expect(outcome).toBe('InvalidStateError')
  })
})
