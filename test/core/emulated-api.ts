import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type Client, createClient } from '../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../src/emulator/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/index.ts'
import { startApi } from './recording-api.ts'
import { platformOn, serverFlow, type WatchedPlatform } from './setting.ts'

export let api: Awaited<ReturnType<typeof startApi>>
export let emulator: Emulator
export let clock: FakeClock
export let on: WatchedPlatform

beforeAll(async () => {
  ;[api, emulator] = await Promise.all([startApi(), createEmulator({ now: () => clock.now() })])
})
afterAll(() => api.close())
beforeEach(() => {
  clock = fakeClock()
  on = platformOn(emulator, clock)
  api.seen.length = 0
  api.answer = () => ({ status: 200 })
})

/** Tokens come from the emulator, everything else goes over a real socket. */
export function apiClient(more: object = {}): Client {
  const fetch = (url: string, init: RequestInit) =>
    url.startsWith(emulator.url) ? on.fetch(url, init) : globalThis.fetch(url, init)
  return createClient({ flow: serverFlow(emulator), ...on, fetch, allowedOrigins: [api.url], ...more })
}
export const refuse401 = (times: number) => {
  api.answer = () => ({
    status: api.seen.length <= times ? 401 : 200,
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })
}
