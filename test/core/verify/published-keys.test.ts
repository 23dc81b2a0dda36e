import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { Ims } from '../../../src/core/index.ts'
import { connect } from '../../../src/core/setup.ts'
import { createVerifier } from '../../../src/core/verify/verify-token.ts'
import { failureOf, unsignedToken } from '../scripted-server.ts'
import {
  claims,
  encoder,
  imsWithKeys,
  kid,
  otherKeys,
  published,
  reasonOf,
  sign,
  signer,
  stranger,
} from './signed-tokens.ts'

describe('the key', () => {
  it('is the one that the token names', async () => {
    const setup = imsWithKeys()
    const { jwk } = otherKeys.PS256
    setup.site.keys = [published, { ...jwk, kid: 'ims', alg: 'RS256' }]
    expect(await reasonOf(await sign(claims()), {}, setup)).toBeUndefined()
    expect(await reasonOf(await sign(claims(), { kid: 'ims' }), {}, setup)).toBe('signature')
    expect(await reasonOf(await sign(claims(), { kid: 'unknown' }), {}, setup)).toBe('key')
    expect(await reasonOf(await sign(claims(), { kid: undefined }), {}, setup)).toBe('key')
    expect(await reasonOf(await sign(claims(), { kid: 5 }), {}, setup)).toBe('key')
  })

  it('is never one that the token brings along or points to (S78)', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    const evil = { ...(await exportJWK(publicKey)), kid: 'evil' }
    const { ims, site } = imsWithKeys()
    const fetched: unknown[] = []
    const original = globalThis.fetch
    globalThis.fetch = async (input) => {
      fetched.push(input)
      return Response.json({ keys: [evil] })
    }
    try {
      const headers = [
        { jku: 'https://evil.test/keys', kid: 'evil' },
        { x5u: 'https://evil.test/key.pem', kid: 'evil' },
        { jwk: evil, kid: 'evil' },
        { jku: 'https://evil.test/keys', x5u: 'https://evil.test/k', jwk: evil, x5c: ['AAAA'], kid },
      ]
      const reasons: unknown[] = []
      for (const header of headers)
        reasons.push(await reasonOf(await sign(claims(), header, privateKey), {}, { ims, site }))
      expect(reasons).toEqual(['key', 'key', 'key', 'signature'])
      expect(await reasonOf(await sign(claims(), headers[3]), {}, { ims, site })).toBeUndefined()
    } finally {
      globalThis.fetch = original
    }
    expect(fetched).toEqual([])
    expect(new Set(site.asked)).toEqual(new Set(['https://ims-na1.adobelogin.com/ims/keys']))
  })

  it('does not make a token with an unknown crit valid', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const input = `${part({ alg: 'RS256', kid, crit: ['exp'], exp: 1 })}.${part(claims())}`
    const bytes = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', signer, encoder.encode(input))
    const token = `${input}.${Buffer.from(bytes).toString('base64url')}`
    expect(await reasonOf(token)).toBe('malformed')
  })

  it('that is unknown is looked for once per cool-down, for any number of calls (S84)', async () => {
    const setup = imsWithKeys()
    await setup.ims.verifyToken(await sign(claims()))
    const flood = async (round: number) => {
      const tokens = Array.from({ length: 30 }, (_, index) =>
        unsignedToken(claims()).replace(
          /^[^.]+/,
          Buffer.from(`{"alg":"RS256","kid":"${round}-${index}"}`).toString('base64url'),
        ),
      )
      const reasons = await Promise.all(tokens.map((token) => reasonOf(token, {}, setup)))
      expect(new Set(reasons)).toEqual(new Set(['key']))
    }
    await flood(1)
    expect(setup.site.asked).toHaveLength(1)
    for (const round of [2, 3]) {
      vi.setSystemTime(Date.now() + 30_001)
      await flood(round)
      await flood(round)
      expect(setup.site.asked).toHaveLength(round)
    }
  })

  it('that is new is picked up, and one that was withdrawn is dropped', async () => {
    const setup = imsWithKeys()
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    const next = { ...(await exportJWK(publicKey)), kid: 'next', alg: 'RS256', use: 'sig' }
    await setup.ims.verifyToken(await sign(claims()))
    setup.site.keys = [next]
    vi.setSystemTime(Date.now() + 30_001)
    expect(await reasonOf(await sign(claims(), { kid: 'next' }, privateKey), {}, setup)).toBeUndefined()
    expect(await reasonOf(await sign(claims()), {}, setup)).toBe('key')
  })

  it('is requested again after ten minutes', async () => {
    const setup = imsWithKeys()
    const token = await sign(claims())
    await setup.ims.verifyToken(token)
    vi.setSystemTime(Date.now() + 600_001)
    await setup.ims.verifyToken(token)
    expect(setup.site.asked).toHaveLength(2)
  })

  it('that is new under a known id is picked up when a signature fails', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    const next = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }
    for (const warm of [true, false]) {
      const setup = imsWithKeys()
      if (warm) await setup.ims.verifyToken(await sign(claims()))
      else expect(await reasonOf(await sign(claims(), {}, stranger), {}, setup)).toBe('signature')
      setup.site.keys = [next]
      // younger than 30 s: the verdict stands
      vi.setSystemTime(Date.now() + 29_999)
      expect(await reasonOf(await sign(claims(), {}, privateKey), {}, setup)).toBe('signature')
      expect(setup.site.asked).toHaveLength(1)
      vi.setSystemTime(Date.now() + 1)
      expect(await reasonOf(await sign(claims(), {}, privateKey), {}, setup)).toBeUndefined()
      expect(setup.site.asked).toHaveLength(2)
      expect(await reasonOf(await sign(claims()), {}, setup)).toBe('signature')
      expect(setup.site.asked).toHaveLength(2)
    }
  })

  it('is fetched once for many signatures that fail at the same time', async () => {
    const setup = imsWithKeys()
    await setup.ims.verifyToken(await sign(claims()))
    vi.setSystemTime(Date.now() + 30_001)
    const forged = await Promise.all(Array.from({ length: 30 }, (_, index) => sign(claims({ index }), {}, stranger)))
    const reasons = await Promise.all(forged.map((token) => reasonOf(token, {}, setup)))
    expect(new Set(reasons)).toEqual(new Set(['signature']))
    expect(setup.site.asked).toHaveLength(2)
  })

  it('has a cool-down for unknown ids and one for failed signatures, and neither uses up the other', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    const jwk = await exportJWK(publicKey)
    const setup = imsWithKeys()
    await setup.ims.verifyToken(await sign(claims()))
    vi.setSystemTime(Date.now() + 30_001)
    expect(await reasonOf(await sign(claims(), { kid: 'unknown' }), {}, setup)).toBe('key')
    setup.site.keys = [{ ...jwk, kid }]
    expect(await reasonOf(await sign(claims(), {}, privateKey), {}, setup)).toBeUndefined()
    vi.setSystemTime(Date.now() + 30_001)
    expect(await reasonOf(await sign(claims(), {}, stranger), {}, setup)).toBe('signature')
    setup.site.keys = [{ ...jwk, kid: 'next' }]
    expect(await reasonOf(await sign(claims(), { kid: 'next' }, privateKey), {}, setup)).toBeUndefined()
    expect(setup.site.asked).toHaveLength(5)
  })

  it('that cannot be fetched when a signature fails is an outage, and is requested again after a second', async () => {
    const setup = imsWithKeys()
    const good = await sign(claims())
    await setup.ims.verifyToken(good)
    vi.setSystemTime(Date.now() + 30_001)
    setup.site.status = 503
    const forged = await sign(claims(), {}, stranger)
    for (let round = 0; round < 5; round++)
      await expect(setup.ims.verifyToken(forged)).rejects.toMatchObject({ code: 'IMS_UNAVAILABLE' })
    expect(setup.site.asked).toHaveLength(2)
    expect(await reasonOf(good, {}, setup)).toBeUndefined()
    setup.site.status = 200
    vi.setSystemTime(Date.now() + 1_001)
    expect(await reasonOf(forged, {}, setup)).toBe('signature')
    expect(setup.site.asked).toHaveLength(3)
  })

  it('is found among entries that are of no use', async () => {
    const setup = imsWithKeys()
    const { n = '', e = '' } = published
    setup.site.keys = [
      null,
      5,
      'text',
      [],
      {},
      { kty: 'RSA', kid },
      { kty: 'EC', kid, alg: 'RS256' },
      { kty: 'oct', k: 'AA', kid, alg: 'RS256' },
      { ...published, n: `${n}=` },
      { ...published, n: 'not base64url' },
      { ...published, n: n.slice(0, 40) },
      { ...published, n: '' },
      { ...published, n: 'A'.repeat(1_000_000) },
      { ...published, e: 'AQ' },
      { ...published, e: 'AAAAAQ' },
      { ...published, e: '' },
      { ...published, e: `${e}\n` },
      { ...published, e: 'AQAA' },
      { ...published, kid: 5 },
      { ...published, use: 'enc' },
      { ...published, alg: 'PS256' },
      { ...published, key_ops: ['encrypt'] },
      { ...published, d: 'AA' },
      published,
    ]
    expect(await reasonOf(await sign(claims()), {}, setup)).toBeUndefined()
    expect(setup.site.asked).toHaveLength(1)
  })

  it.each([
    ['exponent 1', { e: 'AQ' }],
    ['exponent 1 with leading zeros', { e: 'AAAB' }],
    ['an even exponent', { e: 'AQAA' }],
    ['its private half', { d: 'AQAB' }],
    ['another use', { use: 'enc' }],
  ])('with %s is not used', async (_what, more) => {
    const setup = imsWithKeys()
    setup.site.keys = [{ ...published, ...more }]
    expect(await reasonOf(await sign(claims()), {}, setup)).toBe('key')
  })

  it('with exponent 1, under which every padded digest is its own signature, accepts no forgery (S79)', async () => {
    const setup = imsWithKeys()
    setup.site.keys = [{ kty: 'RSA', kid, n: published.n, e: 'AQ' }]
    const input = (await sign(claims())).split('.').slice(0, 2).join('.')
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(input)))
    const info = Buffer.from('3031300d060960864801650304020105000420', 'hex')
    const padding = Buffer.alloc(256 - 3 - info.length - digest.length, 0xff)
    const block = Buffer.concat([Buffer.of(0, 1), padding, Buffer.of(0), info, digest])
    expect(await reasonOf(`${input}.${block.toString('base64url')}`, {}, setup)).toBe('key')
  })

  it('of 1024 bits, also with zeros before it, is not used', async () => {
    const small = await crypto.subtle.generateKey(
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024, publicExponent: Uint8Array.of(1, 0, 1) },
      true,
      ['sign', 'verify'],
    )
    const { n = '', e } = await crypto.subtle.exportKey('jwk', small.publicKey)
    const input = (await sign(claims())).split('.').slice(0, 2).join('.')
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', small.privateKey, encoder.encode(input))
    const token = `${input}.${Buffer.from(signature).toString('base64url')}`
    const padded = Buffer.concat([Buffer.alloc(128), Buffer.from(n, 'base64url')]).toString('base64url')
    for (const modulus of [n, padded]) {
      const setup = imsWithKeys()
      setup.site.keys = [{ kty: 'RSA', n: modulus, e, kid, alg: 'RS256' }]
      expect(await reasonOf(token, {}, setup)).toBe('key')
    }
  })

  it('that two entries claim to be is not used, as it is not known which', async () => {
    const setup = imsWithKeys()
    const { publicKey } = await generateKeyPair('RS256')
    setup.site.keys = [{ ...(await exportJWK(publicKey)), kid }, published]
    expect(await reasonOf(await sign(claims()), {}, setup)).toBe('key')
  })

  it('is not the one of an answer that a later answer overtook', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    const next = { ...(await exportJWK(publicKey)), kid }
    let answerLate: (keys: unknown[]) => void = () => {}
    const late = new Promise<unknown[]>((resolve) => {
      answerLate = resolve
    })
    const answers: (unknown[] | Promise<unknown[]>)[] = [late, [next]]
    const fetch = async () => Response.json({ keys: await answers.shift() })
    const verify = createVerifier(
      connect({ fetch, retry: { retries: 0 } }, () => {}),
      { sharing: false },
    )
    const first = verify(await sign(claims()))
    await expect(verify(await sign(claims({ now: 2 }), {}, privateKey))).resolves.toBeDefined()
    answerLate([published])
    await expect(first).rejects.toMatchObject({ reason: 'signature' })
    await expect(verify(await sign(claims({ now: 3 }), {}, privateKey))).resolves.toBeDefined()
  })

  it('that is not available is an outage, not a fault of the token', async () => {
    const token = await sign(claims())
    for (const status of [429, 500, 503]) {
      const setup = imsWithKeys()
      setup.site.status = status
      const error = await failureOf(setup.ims.verifyToken(token))
      expect(error).toMatchObject({ name: 'UnavailableError', code: 'IMS_UNAVAILABLE', status })
      setup.site.status = 200
      await expect(setup.ims.verifyToken(token)).resolves.toBeDefined()
    }
    const down = imsWithKeys({
      fetch: async () => {
        throw new TypeError('fetch failed')
      },
    })
    await expect(down.ims.verifyToken(token)).rejects.toMatchObject({
      name: 'UnavailableError',
      code: 'NETWORK_FAILED',
    })
    const gone = imsWithKeys()
    gone.site.status = 404
    await expect(gone.ims.verifyToken(token)).rejects.toMatchObject({ name: 'ImsResponseError', code: 'HTTP_ERROR' })
  })

  it('is not found in an answer without a key set: IMS_MALFORMED, not the token’s fault', async () => {
    const token = await sign(claims())
    for (const answer of ['text', {}, { keys: 'none' }, { keys: [5] }, null, 5]) {
      const setup = imsWithKeys()
      setup.site.keys = answer
      await expect(setup.ims.verifyToken(token)).rejects.toMatchObject({ code: 'IMS_MALFORMED' })
    }
    for (const body of ['', '<html>', '{"keys":']) {
      const ims = new Ims({ fetch: async () => new Response(body), retry: { retries: 0 } })
      await expect(ims.verifyToken(token)).rejects.toMatchObject({ code: 'IMS_MALFORMED' })
    }
    const ims = new Ims({ fetch: async () => new Response(null, { status: 204 }), retry: { retries: 0 } })
    await expect(ims.verifyToken(token)).rejects.toMatchObject({ code: 'IMS_MALFORMED' })
  })
})
