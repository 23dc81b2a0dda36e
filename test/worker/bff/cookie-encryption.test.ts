import { hkdfSync, randomBytes } from 'node:crypto'
import { CompactEncrypt, compactDecrypt, EncryptJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { cookieEncryption } from '../../../src/adapters/worker/bff/cookie-encryption.ts'

const secret = 'a secret of the tests with more than 32 bytes'
const now = 1_790_000_000_000
const clock = { now: () => now }
const session = { purpose: 'session', name: 'one' } as const
const value = { who: 'alice' }
const keyOf = (purpose: string, of: string = secret) =>
  new Uint8Array(hkdfSync('sha256', of, '', `imskit/cookie/${purpose}`, 32))

describe('an encrypted cookie', () => {
  test('is a JWE with AES-256-GCM and the key that Node’s own HKDF-SHA-256 derives', async () => {
    const text = await cookieEncryption(secret, clock).encrypt({ ...session, value, expiresAt: now + 1_000 })
    const { plaintext, protectedHeader } = await compactDecrypt(text, keyOf('session'))
    expect(protectedHeader).toEqual({ alg: 'dir', enc: 'A256GCM' })
    expect(JSON.parse(new TextDecoder().decode(plaintext))).toEqual({ value, aud: 'one', exp: now / 1000 + 1 })
  })

  test('is decrypted only for its purpose and name and before it expires; no two are equal', async () => {
    const encryption = cookieEncryption(secret, clock)
    const encrypt = () => encryption.encrypt({ ...session, value, expiresAt: now + 1_000 })
    const text = await encrypt()
    expect(await encryption.decrypt(session, text)).toEqual({ value, expiresAt: now + 1_000, stale: false })
    expect(await encryption.decrypt({ purpose: 'login', name: 'one' }, text)).toBeUndefined()
    expect(await encryption.decrypt({ purpose: 'session', name: 'two' }, text)).toBeUndefined()
    expect(await cookieEncryption(secret, { now: () => now + 1_000 }).decrypt(session, text)).toBeUndefined()
    expect(await encrypt()).not.toBe(text)
  })

  test('takes secrets as bytes; an older secret still decrypts', async () => {
    const [old, young] = [randomBytes(32), randomBytes(48)]
    const text = await cookieEncryption(old, clock).encrypt({ ...session, value, expiresAt: now + 1_000 })
    expect(await cookieEncryption([young, old], clock).decrypt(session, text)).toMatchObject({ value, stale: true })
    expect(await cookieEncryption(young, clock).decrypt(session, text)).toBeUndefined()
  })

  test('with the right key but another algorithm, or without an expiry, is not decrypted', async () => {
    const encryption = cookieEncryption(secret, clock)
    const claims = new TextEncoder().encode(JSON.stringify({ value, aud: 'one', exp: now / 1000 + 60 }))
    const wrapped = await new CompactEncrypt(claims)
      .setProtectedHeader({ alg: 'A256KW', enc: 'A256GCM' })
      .encrypt(keyOf('session'))
    const endless = await new EncryptJWT({ value })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setAudience('one')
      .encrypt(keyOf('session'))
    for (const text of [wrapped, endless, '', 'a.b.c.d.e', 'eyJhbGciOiJkaXIifQ....'])
      expect(await encryption.decrypt(session, text)).toBeUndefined()
  })
})
