import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type Client, createClient } from '../../src/core/index.ts'
import { emulator, on, useEmulator } from './emulated.ts'
import { startApi } from './recording-api.ts'
import { serverFlow } from './setting.ts'

export * from './emulated.ts'
export let api: Awaited<ReturnType<typeof startApi>>

useEmulator()
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())
beforeEach(() => {
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
