import { expect, onTestFinished, test, vi } from 'vitest'
import { type ClientOptions, createClient, renewAhead } from '../../src/core/index.ts'
import { clock, emulator, on, useEmulator } from './emulated.ts'
import { autoRedirect, day, hour, publicFlow, serverFlow } from './setting.ts'

useEmulator()

/** The fake clock with alarms that count. */
function alarms() {
  const set = new Set<object>()
  const alarm = (ms: number, fire: () => void) => {
    const cancelled = new AbortController()
    const entry = {}
    set.add(entry)
    clock.sleep(ms, cancelled.signal).then(
      () => {
        set.delete(entry)
        fire()
      },
      () => set.delete(entry),
    )
    return () => cancelled.abort()
  }
  return { now: clock.now, alarm, set }
}

const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 10_000 })
const sources = () => on.events.flatMap((event) => (event.type === 'token' ? [event.source] : []))
const started = (client: Parameters<typeof renewAhead>[0], options = {}) => {
  const own = alarms()
  const stop = renewAhead(client, { clock: own, ...options })
  onTestFinished(stop)
  return { ...own, stop }
}
const serverClient = (more: Partial<ClientOptions> = {}) => createClient({ flow: serverFlow(emulator), ...on, ...more })

test('a token is obtained at once and renewed before it expires, without a call', async () => {
  const client = serverClient()
  const { set } = started(client)
  await until(() => set.size === 1)
  expect(sources()).toEqual(['issued'])
  const first = await client.getCachedToken()
  await clock.advance(day - 900_000 - 1_000)
  expect(await client.getCachedToken()).toBe(first)
  await clock.advance(1_000)
  await until(() => sources().length === 2)
  const second = await client.getCachedToken()
  expect(second).not.toBe(first)
  // and the next
  await until(() => set.size === 1)
  await clock.advance(day - 900_000)
  await until(() => sources().length === 3)
})

test('the time is an option, and at most half of the lifetime', async () => {
  const { set } = started(serverClient(), { before: 30 * day })
  await until(() => set.size === 1)
  await clock.advance(12 * hour - 1_000)
  expect(sources()).toHaveLength(1)
  await clock.advance(1_000)
  await until(() => sources().length === 2)
})

test('two clients of one store renew once', async () => {
  const clients = [serverClient(), serverClient()]
  const both = clients.map((client) => started(client))
  await until(() => both.every(({ set }) => set.size === 1))
  const before = on.fetch.sent.length
  await clock.advance(day - 900_000)
  await until(() => on.fetch.sent.length > before && both.every(({ set }) => set.size === 1))
  expect(on.fetch.sent.length).toBe(before + 1)
})

test('a renewal that fails is tried again in half of the time that is left', async () => {
  const { set } = started(serverClient())
  await until(() => set.size === 1)
  emulator.fault({ path: '/ims/token', drop: 'before' })
  await clock.advance(day - 900_000)
  await until(() => on.fetch.sent.length === 2 && set.size === 1)
  expect(sources()).toHaveLength(1)
  await clock.advance(450_000)
  await until(() => sources().length === 2)
})

test('an outage at the start is tried again after 30 s', async () => {
  emulator.fault({ path: '/ims/token', drop: 'before' })
  const { set } = started(serverClient())
  await until(() => on.fetch.sent.length === 1 && set.size === 1)
  await clock.advance(30_000)
  await until(() => sources().length === 1)
})

test('without a user it waits for the login', async () => {
  const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator) })
  const { set } = started(client)
  await until(() => on.events.some(({ type }) => type === 'operation'))
  expect([set.size, on.fetch.sent.length]).toEqual([0, 0])
  await client.login()
  expect(set.size).toBe(1)
  await clock.advance(day - 900_000)
  await until(() => sources().length === 2)
  expect(sources()).toEqual(['issued', 'refreshed'])
})

test('it ends with its function, and with the client', async () => {
  const [one, other] = [serverClient(), serverClient({ owner: 'other' })]
  const [stopped, closed] = [started(one), started(other)]
  await until(() => stopped.set.size + closed.set.size === 2)
  stopped.stop()
  other.close()
  await clock.advance(day)
  await until(() => stopped.set.size + closed.set.size === 0)
  await clock.advance(day)
  expect(sources()).toHaveLength(2)
})

test('its timer does not keep a process alive', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => timers.mockRestore())
  const client = { getTokens: async () => ({ expiresAt: Date.now() + day }), on: () => () => {} }
  onTestFinished(renewAhead(client as never))
  await until(() => timers.mock.calls.some(([, ms]) => (ms ?? 0) > hour))
  const made = timers.mock.calls.findIndex(([, ms]) => (ms ?? 0) > hour)
  const timer: NodeJS.Timeout | undefined = timers.mock.results[made]?.value
  expect(timer?.hasRef()).toBe(false)
})

test('options are checked', () => {
  const client = serverClient()
  expect(() => renewAhead(undefined as never)).toThrow(/client must have getTokens, on/)
  expect(() => renewAhead(client, { before: 0 })).toThrow(/before must be a number/)
  expect(() => renewAhead(client, { befor: 1 } as object)).toThrow(/did you mean 'before'/)
})
