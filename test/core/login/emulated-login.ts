import { generateKeyPair } from 'jose'
import { afterEach, beforeAll, vi } from 'vitest'
import { createClient, type LoginClient } from '../../../src/core/index.ts'
import { emulator, on, useEmulator } from '../emulated.ts'
import { follow, publicFlow } from '../setting.ts'

export * from '../emulated.ts'
export let otherKey: CryptoKey

useEmulator()
beforeAll(async () => {
  otherKey = (await generateKeyPair('RS256')).privateKey
})
afterEach(() => {
  vi.restoreAllMocks()
})

export const loginClient = (more: object = {}) => createClient({ flow: publicFlow(emulator), ...on, ...more })
export const pendingEntries = () => on.store.keys('imskit/pending/')
export const begun = async (client: LoginClient) => follow(emulator, await client.startLogin())
export const edited = (url: URL, edit: (parameters: URLSearchParams, url: URL) => void) => {
  const copy = new URL(url)
  edit(copy.searchParams, copy)
  return copy
}
export const body = (index: number) => new URLSearchParams(String(on.fetch.sent[index]?.init.body))
