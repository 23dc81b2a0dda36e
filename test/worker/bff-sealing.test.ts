import { hkdfSync, randomBytes } from 'node:crypto'
import { CompactEncrypt, compactDecrypt, EncryptJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { requestCookies } from '../../src/adapters/worker/bff/cookies.ts'
import { createSealer } from '../../src/adapters/worker/bff/cookies-sealed.ts'

const secret = 'a secret of the tests with more than 32 bytes'
const now = 1_790_000_000_000
const clock = { now: () => now }
const session = { purpose: 'session', name: 'one' } as const
const value = { who: 'alice' }
const keyOf = (purpose: string, of: string = secret) =>
  new Uint8Array(hkdfSync('sha256', of, '', `imskit/cookie/${purpose}`, 32))

describe('what is sealed', () => {
  test('is a JWE by AES-256-GCM under a key that HKDF-SHA-256 derives, as Node’s own says', async () => {
    const text = await createSealer(secret, clock).seal({ ...session, value, expiresAt: now + 1_000 })
    const { plaintext, protectedHeader } = await compactDecrypt(text, keyOf('session'))
    expect(protectedHeader).toEqual({ alg: 'dir', enc: 'A256GCM' })
    expect(JSON.parse(new TextDecoder().decode(plaintext))).toEqual({ value, aud: 'one', exp: now / 1000 + 1 })
  })

  test('opens for its purpose, its name and its time, and never twice the same', async () => {
    const sealer = createSealer(secret, clock)
    const seal = () => sealer.seal({ ...session, value, expiresAt: now + 1_000 })
    const text = await seal()
    expect(await sealer.open(session, text)).toEqual({ value, expiresAt: now + 1_000, stale: false })
    expect(await sealer.open({ purpose: 'login', name: 'one' }, text)).toBeUndefined()
    expect(await sealer.open({ purpose: 'session', name: 'two' }, text)).toBeUndefined()
    expect(await createSealer(secret, { now: () => now + 1_000 }).open(session, text)).toBeUndefined()
    expect(await seal()).not.toBe(text)
  })

  test('by secrets as bytes opens the same, the newest first', async () => {
    const [old, young] = [randomBytes(32), randomBytes(48)]
    const text = await createSealer(old, clock).seal({ ...session, value, expiresAt: now + 1_000 })
    expect(await createSealer([young, old], clock).open(session, text)).toMatchObject({ value, stale: true })
    expect(await createSealer(young, clock).open(session, text)).toBeUndefined()
  })

  test('with the right key by another algorithm, or without an end, does not open', async () => {
    const sealer = createSealer(secret, clock)
    const claims = new TextEncoder().encode(JSON.stringify({ value, aud: 'one', exp: now / 1000 + 60 }))
    const wrapped = await new CompactEncrypt(claims)
      .setProtectedHeader({ alg: 'A256KW', enc: 'A256GCM' })
      .encrypt(keyOf('session'))
    const endless = await new EncryptJWT({ value })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setAudience('one')
      .encrypt(keyOf('session'))
    for (const text of [wrapped, endless, '', 'a.b.c.d.e', 'eyJhbGciOiJkaXIifQ....'])
      expect(await sealer.open(session, text)).toBeUndefined()
  })
})

describe('cookies of a request', () => {
  test('without the prefix are none of ours on https', () => {
    const header = '__Host-Http-a=1; b=2; __Host-c=3; __Host-Http-a=4; __Host-Http-d="x y"; =5; __Host-Http-e'
    const cookies = requestCookies(header, { secure: true })
    expect(cookies.names('')).toEqual(['a'])
    expect(cookies.get('a')).toBe('1')
  })
})
