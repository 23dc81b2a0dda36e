import { expect, test } from 'vitest'
import { createClient, UnavailableError } from '../../../src/core/index.ts'
import { publicFlow, rejection } from '../setting.ts'
import { emulator, nearExpiry, on, serverClient, signedIn } from './emulated-session.ts'

test('is undefined if there is no token, and nothing is sent', async () => {
  expect(await serverClient().getCachedToken()).toBeUndefined()
  expect(await createClient({ flow: publicFlow(emulator), ...on }).getCachedToken()).toBeUndefined()
  expect(on.fetch.sent).toHaveLength(0)
})

test('is the token in memory or store until it has expired, and nothing is sent', async () => {
  const client = await signedIn()
  const token = await client.getToken()
  const other = createClient({ flow: publicFlow(emulator), ...on })
  expect([await client.getCachedToken(), await other.getCachedToken()]).toEqual([token, token])
  nearExpiry()
  expect(await client.getCachedToken()).toBe(token)
  expect(await client.getCachedToken({ minValidity: 600_000 })).toBeUndefined()
  nearExpiry(-1_000)
  expect([await client.getCachedToken(), await other.getCachedToken()]).toEqual([undefined, undefined])
  expect(on.fetch.sent).toHaveLength(0)
})

test('is undefined after the user has signed out', async () => {
  const client = await signedIn()
  await client.forget()
  expect(await client.getCachedToken()).toBeUndefined()
})

test('a store that fails leaves what is in memory', async () => {
  const client = await signedIn()
  const token = await client.getToken()
  nearExpiry()
  on.store.before = () => {
    throw new UnavailableError('STORE_FAILED', 'the disk is gone')
  }
  expect(await client.getCachedToken()).toBe(token)
  expect(await createClient({ flow: publicFlow(emulator), ...on }).getCachedToken()).toBeUndefined()
})

test('refuses wrong arguments, and a client that is closed', async () => {
  const client = serverClient()
  // @ts-expect-error: what JavaScript may pass
  expect(await rejection(client.getCachedToken('soon'))).toMatchObject({ code: 'BAD_OPTION' })
  expect(await rejection(client.getCachedToken({ minValidity: -1 }))).toMatchObject({ code: 'BAD_OPTION' })
  client.close()
  expect(await rejection(client.getCachedToken())).toMatchObject({ name: 'AbortError' })
})
