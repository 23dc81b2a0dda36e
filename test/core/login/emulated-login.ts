import { generateKeyPair } from 'jose'
import { afterEach, beforeAll, beforeEach, vi } from 'vitest'
import { createClient, type LoginClient } from '../../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'
import { type FakeClock, fakeClock } from '../../../src/testing/index.ts'
import { follow, platformOn, publicFlow, type WatchedPlatform } from '../setting.ts'

export let emulator: Emulator
export let clock: FakeClock
export let on: WatchedPlatform
export let cleanUp: (() => void)[] = []
export let otherKey: CryptoKey

beforeAll(async () => {
  emulator = await createEmulator({ now: () => clock.now(), autoLogin: 'user@example.com' })
  otherKey = (await generateKeyPair('RS256')).privateKey
})
beforeEach(reset)
afterEach(() => {
  for (const each of cleanUp) each()
  cleanUp = []
  vi.restoreAllMocks()
})

export const loginClient = (more: object = {}) => createClient({ flow: publicFlow(emulator), ...on, ...more })
/** Starts over: a new clock, and everything that a platform stores is gone. */
export function reset(): void {
  clock = fakeClock()
  on = platformOn(emulator, clock)
}

/** Goes on with another platform. */
export function usePlatform(other: WatchedPlatform): void {
  on = other
}

export const fault = (options: Parameters<Emulator['fault']>[0]) => void cleanUp.push(emulator.fault(options))
export const pendingEntries = () => on.store.keys('imskit/pending/')
export const begun = async (client: LoginClient) => follow(emulator, await client.startLogin())
export const edited = (url: URL, edit: (parameters: URLSearchParams, url: URL) => void) => {
  const copy = new URL(url)
  edit(copy.searchParams, copy)
  return copy
}
export const body = (index: number) => new URLSearchParams(String(on.fetch.sent[index]?.init.body))
