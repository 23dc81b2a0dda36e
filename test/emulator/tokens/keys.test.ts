import { calculateJwkThumbprint } from 'jose'
import { expect, test } from 'vitest'
import { Ims } from '../../../src/core/index.ts'
import { systemClock } from '../../../src/core/memory.ts'
import { createEmulator, type Emulator, startEmulator } from '../../../src/emulator/index.ts'

test('the keys are 2048-bit RSA, and a rotation adds one and keeps the others', async () => {
  const own = await startEmulator()
  const kids = async () => {
    const { keys } = await (await fetch(`${own.url}/ims/keys`)).json()
    for (const key of keys) {
      expect(key).toMatchObject({ alg: 'RS256', kty: 'RSA', use: 'sig', e: 'AQAB' })
      expect(Buffer.from(key.n, 'base64url')).toHaveLength(256)
      expect(key).not.toHaveProperty('d')
    }
    return keys.map(({ kid }: { kid: string }) => kid)
  }
  const before = await kids()
  expect(before).toHaveLength(2)
  await own.rotateKeys()
  const after = await kids()
  expect(after.slice(0, 2)).toEqual(before)
  expect(new Set(after).size).toBe(3)
  await own.close()
})

test('a key is named by its thumbprint, so that a restart is a rotation', async () => {
  const kidsOf = async (own: Pick<Emulator, 'url' | 'fetch'>) => {
    const { keys } = await (await own.fetch(`${own.url}/ims/keys`)).json()
    for (const key of keys) expect(key.kid).toBe(await calculateJwkThumbprint(key))
    return keys.map(({ kid }: { kid: string }) => kid)
  }
  const [first, second] = [await kidsOf(await createEmulator()), await kidsOf(await createEmulator())]
  expect(new Set([...first, ...second]).size).toBe(4)
})

test('a guard accepts the tokens of a restarted emulator after its cool-down for unknown keys', async () => {
  const issue = async (own: Emulator) => {
    const { client_id, client_secrets, scopes } = own.contexts.oauth_server_to_server
    const ims = new Ims({ endpoint: own.url, fetch: own.fetch })
    return (await ims.getAccessTokenByClientCredentials(client_id, client_secrets[0] ?? '', undefined, scopes))
      .access_token.token
  }
  let running = await createEmulator()
  const time = { now: Date.now() }
  const clock = { ...systemClock, now: () => time.now }
  const ims = new Ims({ endpoint: running.url, fetch: (url, init) => running.fetch(url, init), clock })
  await expect(ims.verifyToken(await issue(running))).resolves.toBeDefined()
  running = await createEmulator()
  const token = await issue(running)
  await expect(ims.verifyToken(token)).rejects.toMatchObject({ reason: 'key' })
  time.now += 30_000
  await expect(ims.verifyToken(token)).resolves.toBeDefined()
})
