import { inspect } from 'node:util'
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { Ims, type ImsOptions, type TokenError, type VerifyTokenOptions } from '../../../src/core/index.ts'
import { connect } from '../../../src/core/setup.ts'
import { createVerifier } from '../../../src/core/verify/verify-token.ts'
import { createEmulator } from '../../../src/emulator/index.ts'
import { failureOf, unsignedToken } from '../scripted-server.ts'

const start = Date.UTC(2026, 0, 1)
const kid = 'ims_na1-key-at-1'
const encoder = new TextEncoder()

let signer: CryptoKey
let stranger: CryptoKey
let published: JWK
let publicPem: string
let otherKeys: Record<'PS256' | 'ES256', { privateKey: CryptoKey; jwk: JWK }>
beforeAll(async () => {
  const [ours, theirs, ps, es] = await Promise.all([
    generateKeyPair('RS256', { extractable: true }),
    generateKeyPair('RS256'),
    generateKeyPair('PS256', { extractable: true }),
    generateKeyPair('ES256', { extractable: true }),
  ])
  signer = ours.privateKey
  stranger = theirs.privateKey
  published = { ...(await exportJWK(ours.publicKey)), kid, alg: 'RS256', use: 'sig' }
  publicPem = await exportSPKI(ours.publicKey)
  otherKeys = {
    PS256: { privateKey: ps.privateKey, jwk: { ...(await exportJWK(ps.publicKey)), kid: 'ps' } },
    ES256: { privateKey: es.privateKey, jwk: { ...(await exportJWK(es.publicKey)), kid: 'es' } },
  }
})
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: start })
})
afterEach(() => {
  vi.useRealTimers()
})

const claims = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  type: 'access_token',
  client_id: 'client-a',
  user_id: 'user@AdobeID',
  as: 'ims-na1',
  scope: 'openid,AdobeID,read_organizations',
  created_at: String(start - 1_000),
  expires_in: '86400000',
  ...more,
})

const sign = (payload: Record<string, unknown>, header: Record<string, unknown> = {}, key = signer) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid, x5u: `${kid}.cer`, itt: 'at', ...header }).sign(key)

/** IMS with these keys; `keys` can be changed on the way. */
function imsWithKeys(options: ImsOptions = {}) {
  const site = { keys: [published] as unknown, status: 200, asked: [] as string[] }
  const fetch = async (url: string) => {
    site.asked.push(url)
    return Response.json(Array.isArray(site.keys) ? { keys: site.keys } : site.keys, { status: site.status })
  }
  return { site, ims: new Ims({ fetch, retry: { retries: 0 }, ...options }) }
}

/** Why `token` is refused, or `undefined`. */
async function reasonOf(token: string, options?: VerifyTokenOptions, { ims } = imsWithKeys()) {
  try {
    await ims.verifyToken(token, options)
    return undefined
  } catch (error) {
    const { code, name, reason } = error as TokenError
    expect({ code, name }).toEqual({ code: 'TOKEN_INVALID', name: 'TokenError' })
    return reason
  }
}

describe('a good token', () => {
  it('resolves to its claims, with one request for the keys', async () => {
    const { ims, site } = imsWithKeys()
    const token = await sign(claims())
    await expect(ims.verifyToken(token)).resolves.toEqual(claims())
    for (let time = 0; time < 20; time++) await ims.verifyToken(await sign(claims({ time })))
    expect(site.asked).toEqual(['https://ims-na1.adobelogin.com/ims/keys'])
  })

  it('makes one request for concurrent first calls', async () => {
    const { ims, site } = imsWithKeys()
    const token = await sign(claims())
    await Promise.all(Array.from({ length: 50 }, () => ims.verifyToken(token)))
    expect(site.asked).toHaveLength(1)
  })

  it('may have a standard exp instead', async () => {
    const standard = claims({ created_at: undefined, expires_in: undefined, exp: start / 1000 + 60 })
    expect(await reasonOf(await sign(standard))).toBeUndefined()
  })

  it('of the emulator is one', async () => {
    vi.useRealTimers()
    const emulator = await createEmulator()
    const { client_id, client_secrets } = emulator.contexts.oauth_server_to_server
    const ims = new Ims({ endpoint: emulator.url, fetch: emulator.fetch })
    const mint = async () => {
      const grant = await ims.getAccessTokenByClientCredentials(client_id, client_secrets[0] ?? '', undefined, [
        'openid',
      ])
      return grant.access_token.token
    }
    const requests = () => emulator.requests.filter(({ path }) => path === '/ims/keys').length
    const first = await mint()
    const options = { clientId: client_id, scopes: ['openid'], issuer: 'https://ims-na1.adobelogin.com' }
    await expect(ims.verifyToken(first, options)).resolves.toMatchObject({ client_id })
    await emulator.rotateKeys()
    const second = await mint()
    // within the cool-down the new key is not known yet
    expect(await reasonOf(second, {}, { ims, site: { keys: [], status: 200, asked: [] } })).toBe('key')
    expect(requests()).toBe(1)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30_001 })
    await expect(ims.verifyToken(second)).resolves.toMatchObject({ client_id })
    await expect(ims.verifyToken(first)).resolves.toMatchObject({ client_id })
    expect(requests()).toBe(2)
  })
})

describe('the signature', () => {
  // RFC 7515, appendix A.2
  const rfcKey: JWK = {
    kty: 'RSA',
    n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
    e: 'AQAB',
  }
  const rfcToken =
    'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw'

  it('of RFC 7515 is right, and the claims are then not those of an access token', async () => {
    const { ims, site } = imsWithKeys()
    site.keys = [rfcKey]
    expect(await reasonOf(rfcToken, {}, { ims, site })).toBe('type')
    expect(await reasonOf(`${rfcToken.slice(0, -6)}AAAAAA`, {}, { ims, site })).toBe('signature')
  })

  it('of another key is wrong', async () => {
    expect(await reasonOf(await sign(claims(), {}, stranger))).toBe('signature')
  })

  it('does not survive a flipped bit, wherever it is (S79)', async () => {
    const setup = imsWithKeys()
    const token = await sign(claims())
    const parts = token.split('.').map((part) => Buffer.from(part, 'base64url'))
    const flipped = (index: number, byte: number, bit: number) => {
      const damaged = parts.map((part) => Buffer.from(part))
      const part = damaged[index] ?? Buffer.alloc(0)
      part[byte] = (part[byte] ?? 0) ^ (1 << bit)
      return damaged.map((bytes) => bytes.toString('base64url')).join('.')
    }
    for (const [index, part] of parts.entries()) {
      for (let byte = 0; byte < part.length; byte += Math.ceil(part.length / 12)) {
        const reason = await reasonOf(flipped(index, byte, byte % 8), {}, setup)
        if (index > 0) expect(reason).toBe('signature')
        else expect(['signature', 'malformed', 'key', 'algorithm']).toContain(reason)
      }
    }
  })

  it('is not found in a token without one, with two, or with something else (S82)', async () => {
    const setup = imsWithKeys()
    const token = await sign(claims())
    const [header = '', payload = '', signature = ''] = token.split('.')
    const wrong = [
      '',
      '.',
      '..',
      'nonsense',
      `${header}.${payload}`,
      `${token}.${signature}`,
      `.${payload}.${signature}`,
      `${token}=`,
      `${token}==`,
      `${header}.${payload}.${signature.slice(0, -1)}*`,
      ` ${token}`,
      `${token}\n`,
      JSON.stringify({ protected: header, payload, signature }),
    ]
    for (const bad of wrong) expect(await reasonOf(bad, {}, setup)).toBe('malformed')
    expect(await reasonOf(`${header}.${payload}.`, {}, setup)).toBe('signature')
    expect(await reasonOf(`${header}..${signature}`, {}, setup)).toBe('signature')
    for (const bad of [undefined, null, 5, {}, [token], { toString: () => token }]) {
      expect(await reasonOf(bad as string, {}, setup)).toBe('malformed')
    }
  })

  it('over claims that are no object is of no use', async () => {
    for (const payload of ['[]', 'null', '"text"', '5', '{"cut":', '\u0000']) {
      const token = await new CompactSign(encoder.encode(payload))
        .setProtectedHeader({ alg: 'RS256', kid })
        .sign(signer)
      expect(await reasonOf(token)).toBe('malformed')
    }
  })

  it('of a token of 1 MB is not even looked at (S82)', async () => {
    const { ims, site } = imsWithKeys()
    const token = await sign(claims({ filler: 'x'.repeat(1_000_000) }))
    expect(await reasonOf(token, {}, { ims, site })).toBe('malformed')
    expect(await reasonOf('x'.repeat(10_000_000), {}, { ims, site })).toBe('malformed')
    expect(site.asked).toEqual([])
  })
})

describe('one token has one spelling (S82)', () => {
  const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  /** A token whose parts are given as they shall stand in it. */
  const signed = async (header: string, payload: string) => {
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', signer, encoder.encode(`${header}.${payload}`))
    return `${header}.${payload}.${Buffer.from(signature).toString('base64url')}`
  }
  const header = text({ alg: 'RS256', kid })
  const raw = (json: string | Uint8Array) => Buffer.from(json).toString('base64url')
  const good = JSON.stringify(claims())

  it.each([
    ['a claim twice', raw(good.replace('"client_id"', '"client_id":"evil","client_id"'))],
    ['a claim twice, once with an escape', raw(good.replace('"client_id"', '"client\\u005fid":"evil","client_id"'))],
    ['a name twice, deep inside', raw(good.replace('"as"', '"x":[{"y":{"z":1,"z":1}}],"as"'))],
    [
      'invalid UTF-8',
      raw(Buffer.concat([Buffer.from(`${good.slice(0, -1)},"x":"`), Buffer.of(0xff), Buffer.from('"}')])),
    ],
    ['a byte order mark', raw(`\ufeff${good}`)],
    ['a payload with its own __proto__ alone', raw(`{"__proto__":${good}}`)],
  ])('%s is refused', async (_what, payload) => {
    const setup = imsWithKeys()
    for (let round = 0; round < 2; round++) {
      const reason = await reasonOf(await signed(header, payload), { clientId: 'client-a' }, setup)
      expect(['malformed', 'type']).toContain(reason)
      // once more with a header that is known from a valid token
      await setup.ims.verifyToken(await sign(claims(), { x5u: undefined, itt: undefined }))
    }
  })

  it('names that only look repeated are no fault', async () => {
    const values = { x: '":":{"a":1,"a":2}', y: [{ z: 1 }, { z: 1 }], '\\': '\\"', '"': ':', nested: { x: { x: {} } } }
    expect(await reasonOf(await sign(claims(values)))).toBeUndefined()
  })

  it('a payload that nests thousands of levels is verified, not a crash (S82)', async () => {
    const deep = `${good.slice(0, -1)},"deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
    expect(await reasonOf(await signed(header, raw(deep)))).toBeUndefined()
  })

  it.each([
    ['alg twice', '{"alg":"none","alg":"RS256","kid":"K"}'],
    ['kid twice', '{"alg":"RS256","kid":"x","kid":"K"}'],
    ['crit', '{"alg":"RS256","kid":"K","crit":["b64"],"b64":true}'],
    ['b64', '{"alg":"RS256","kid":"K","b64":false}'],
    ['zip', '{"alg":"RS256","kid":"K","zip":"DEF"}'],
    ['a list', '["RS256"]'],
  ])('a header with %s is malformed', async (_what, json) => {
    expect(await reasonOf(await signed(raw(json.replace('K', kid)), raw(good)))).toBe('malformed')
  })

  it('unused bits of the last character are zero in every part, also in what was signed', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const loose = (part: string) => part.slice(0, -1) + alphabet[alphabet.indexOf(part.slice(-1)) ^ 1]
    const setup = imsWithKeys()
    let tried = 0
    for (const filler of ['', 'x', 'xx']) {
      const parts = [text({ alg: 'RS256', kid, filler }), text(claims({ filler }))] as const
      const [, , signature = ''] = (await signed(...parts)).split('.')
      expect(await reasonOf(await signed(...parts), {}, setup)).toBeUndefined()
      expect(await reasonOf(`${parts.join('.')}.${loose(signature)}`, {}, setup)).toBe('malformed')
      for (const index of [0, 1] as const) {
        if (parts[index].length % 4 === 0) continue
        const [first, second] = parts.map((part, at) => (at === index ? loose(part) : part))
        expect(await reasonOf(await signed(first ?? '', second ?? ''), {}, setup)).toBe('malformed')
        tried++
      }
    }
    expect(tried).toBeGreaterThan(2)
  })
})

describe('the algorithm', () => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  it.each(['none', 'None', 'NONE', 'nOnE', '', null, 5, ['RS256'], 'rs256', 'HS1'])('%j is refused', async (alg) => {
    const { ims, site } = imsWithKeys()
    for (const signature of ['', 'AAAA']) {
      const token = `${part({ alg, kid })}.${part(claims())}.${signature}`
      expect(['algorithm', 'malformed']).toContain(await reasonOf(token, {}, { ims, site }))
    }
    expect(site.asked).toEqual([])
  })

  it('none is told as algorithm (S77)', async () => {
    expect(await reasonOf(`${part({ alg: 'none', kid })}.${part(claims())}.`)).toBe('algorithm')
  })

  it('HS256 with the public key as the secret is refused (S77)', async () => {
    for (const secret of [publicPem, publicPem.trim(), published.n ?? '', JSON.stringify(published)]) {
      const token = await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid }).sign(encoder.encode(secret))
      expect(await reasonOf(token)).toBe('algorithm')
    }
  })

  it('RS384, RS512, PS256 and ES256 are refused, also where IMS published such a key (S77)', async () => {
    const setup = imsWithKeys()
    setup.site.keys = [published, otherKeys.PS256.jwk, otherKeys.ES256.jwk]
    for (const alg of ['PS256', 'ES256'] as const) {
      const { privateKey, jwk } = otherKeys[alg]
      expect(await reasonOf(await sign(claims(), { alg, kid: jwk.kid }, privateKey), {}, setup)).toBe('algorithm')
    }
    for (const alg of ['RS384', 'RS512']) {
      const [, payload] = (await sign(claims())).split('.')
      expect(await reasonOf(`${part({ alg, kid })}.${payload}.AAAA`, {}, setup)).toBe('algorithm')
    }
    expect(setup.site.asked).toEqual([])
  })
})

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

  it('of a token with a crit that nobody understands is of no use', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const input = `${part({ alg: 'RS256', kid, crit: ['exp'], exp: 1 })}.${part(claims())}`
    const bytes = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', signer, encoder.encode(input))
    const token = `${input}.${Buffer.from(bytes).toString('base64url')}`
    expect(await reasonOf(token)).toBe('malformed')
  })

  it('that is unknown is looked for once per cool-down, however many ask (S84)', async () => {
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

  it('is asked for again after ten minutes', async () => {
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

  it('that cannot be fetched when a signature fails is an outage, and is asked for again after a second', async () => {
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
  ])('with %s is no key', async (_what, more) => {
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

  it('of 1024 bits, also with zeros before it, is no key', async () => {
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

  it('that two entries claim to be is no key, as it is not known which', async () => {
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

  it('that cannot be had is no fault of the token', async () => {
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

  it('is not found in an answer that is no key set: IMS_MALFORMED, not the token’s fault', async () => {
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

describe('the times', () => {
  const lifetime = 86_400_000
  const ends = start - 1_000 + lifetime
  const at = async (now: number, options?: VerifyTokenOptions, more: Record<string, unknown> = {}) => {
    vi.setSystemTime(now)
    return reasonOf(await sign(claims(more)), options)
  }

  it('the end, with a tolerance of 30 s unless told otherwise (S80)', async () => {
    expect(await at(ends)).toBeUndefined()
    expect(await at(ends + 29_999)).toBeUndefined()
    expect(await at(ends + 30_000)).toBe('expired')
    expect(await at(ends - 1, { clockTolerance: 0 })).toBeUndefined()
    expect(await at(ends, { clockTolerance: 0 })).toBe('expired')
    expect(await at(ends + 299_999, { clockTolerance: 300_000 })).toBeUndefined()
    expect(await at(ends + 300_000, { clockTolerance: 300_000 })).toBe('expired')
  })

  it('the beginning, with the same (S80)', async () => {
    const created = start - 1_000
    expect(await at(created - 30_000)).toBeUndefined()
    expect(await at(created - 30_001)).toBe('not_yet_valid')
    expect(await at(created - 1, { clockTolerance: 0 })).toBe('not_yet_valid')
    expect(await at(created, { clockTolerance: 0 })).toBeUndefined()
  })

  it('of a standard token (S80)', async () => {
    const standard = (more: Record<string, unknown>) => ({ created_at: undefined, expires_in: undefined, ...more })
    expect(await at(start, {}, standard({ exp: start / 1000 - 31 }))).toBe('expired')
    expect(await at(start, {}, standard({ exp: start / 1000 + 60, nbf: start / 1000 + 31 }))).toBe('not_yet_valid')
    expect(await at(start, {}, standard({ exp: start / 1000 + 60, nbf: start / 1000 + 30 }))).toBeUndefined()
  })

  it('that are missing or nonsense make a token that never ends, which is refused (S80)', async () => {
    for (const more of [
      { created_at: undefined, expires_in: undefined },
      { created_at: 'now' },
      { expires_in: 'for ever' },
      { expires_in: 'Infinity' },
      { created_at: undefined, expires_in: undefined, exp: '9999999999' },
      { created_at: undefined, expires_in: undefined, exp: null },
    ]) {
      expect(await at(start, {}, more)).toBe('malformed')
    }
    const beyondDates = { created_at: undefined, expires_in: undefined, exp: 1e300 }
    expect(await at(start, {}, beyondDates)).toBe('malformed')
  })

  it('are checked in every form that is there, beside those that are right (S80)', async () => {
    const seconds = start / 1000
    expect(await at(start, {}, { exp: seconds - 31 })).toBe('expired')
    expect(await at(start, {}, { exp: seconds - 29 })).toBeUndefined()
    expect(await at(start, {}, { iat: seconds + 31 })).toBe('not_yet_valid')
    expect(await at(start, {}, { iat: seconds + 29, nbf: seconds, exp: seconds + 60 })).toBeUndefined()
    expect(await at(start, {}, { nbf: seconds + 31 })).toBe('not_yet_valid')
    expect(await at(start, {}, { expires_in: '1' })).toBeUndefined()
    expect(await at(start, {}, { expires_in: '1', exp: seconds + 600 })).toBeUndefined()
    expect(await at(start + 60_000, {}, { expires_in: '1', exp: seconds + 600 })).toBe('expired')
  })

  it.each([
    ['created_at', [null, '', ' 1', '0x18fffffffff', '1e3', '-1', [String(start)], {}, true, 1.5, -1]],
    ['expires_in', [null, '', '1e309', '99999999999999999', ['1000'], true, {}]],
    ['exp', [null, '9999999999', [1], {}, true, -1, 1e300]],
    ['iat', [null, '1', [1], {}, false, -1]],
    ['nbf', [null, '1', [1], {}, false, -1]],
  ])('%s of another form is malformed, though the other times are right', async (name, values) => {
    for (const value of values) expect([value, await at(start, {}, { [name]: value })]).toEqual([value, 'malformed'])
  })

  it.each([
    ['an answer that a cache kept for two hours', start - 2 * 3_600_000, { age: '7200' }],
    ['a Date of last year', start - 365 * lifetime, {}],
    ['a Date of next year', start + 365 * lifetime, {}],
  ])('are compared with the local clock, which %s does not move', async (_what, date, headers) => {
    const fetch = async () =>
      Response.json({ keys: [published] }, { headers: { ...headers, date: new Date(date).toUTCString() } })
    const fresh = await sign(claims())
    const expired = await sign(claims({ created_at: String(start - 2 * lifetime) }))
    const early = await sign(claims({ created_at: String(start + lifetime) }))
    const ims = new Ims({ fetch })
    for (let round = 0; round < 2; round++) {
      await expect(ims.verifyToken(fresh)).resolves.toBeDefined()
      await expect(ims.verifyToken(expired)).rejects.toMatchObject({ reason: 'expired' })
      await expect(ims.verifyToken(early)).rejects.toMatchObject({ reason: 'not_yet_valid' })
      // the keys are asked for again
      vi.setSystemTime(start + 600_001)
    }
  })

  it.each([-1, 300_001, Number.NaN, Number.POSITIVE_INFINITY, '5', null])(
    'a tolerance of %s is refused (S80)',
    async (clockTolerance) => {
      const options = { clockTolerance: clockTolerance as number }
      await expect(imsWithKeys().ims.verifyToken(await sign(claims()), options)).rejects.toMatchObject({
        code: 'BAD_OPTION',
      })
    },
  )
})

describe('what the token is for', () => {
  it.each(['refresh_token', 'authorization_code', 'service_token', 'device_token', 'id_token', undefined, null, 5])(
    'type %s is no access token',
    async (type) => {
      expect(await reasonOf(await sign(claims({ type })))).toBe('type')
    },
  )

  it('an ID token is none (S81)', async () => {
    const id = { iss: 'https://ims-na1.adobelogin.com', aud: 'client-a', sub: 'u', exp: start / 1000 + 60, nonce: 'n' }
    expect(await reasonOf(await sign(id))).toBe('type')
  })

  it('the client (S80)', async () => {
    const token = await sign(claims())
    expect(await reasonOf(token, { clientId: 'client-a' })).toBeUndefined()
    expect(await reasonOf(token, { clientId: 'client-b' })).toBe('client')
    expect(await reasonOf(token, { clientId: '' })).toBe('client')
    expect(await reasonOf(await sign(claims({ client_id: undefined })), { clientId: 'client-a' })).toBe('client')
  })

  it('the allow list', async () => {
    const token = await sign(claims())
    expect(await reasonOf(token, { allowList: ['x', 'client-a'] })).toBeUndefined()
    for (const allowList of [[], ['x'], ['client-a,x'], ['client'], ['']]) {
      expect(await reasonOf(token, { allowList })).toBe('client')
    }
    expect(await reasonOf(await sign(claims({ client_id: '' })), { allowList: [''] })).toBe('client')
    expect(await reasonOf(await sign(claims({ client_id: undefined })), { allowList: [''] })).toBe('client')
    expect(await reasonOf(token, { allowList: ['client-a'], clientId: 'client-b' })).toBe('client')
  })

  it('the scopes, all of them', async () => {
    const token = await sign(claims())
    expect(await reasonOf(token, { scopes: [] })).toBeUndefined()
    expect(await reasonOf(token, { scopes: ['AdobeID', 'openid'] })).toBeUndefined()
    expect(await reasonOf(token, { scopes: ['openid', 'admin'] })).toBe('scope')
    expect(await reasonOf(token, { scopes: ['open'] })).toBe('scope')
    expect(await reasonOf(token, { scopes: ['openid,AdobeID'] })).toBe('scope')
    expect(await reasonOf(await sign(claims({ scope: undefined })), { scopes: ['openid'] })).toBe('scope')
    expect(await reasonOf(await sign(claims({ scope: 'openid AdobeID' })), { scopes: ['AdobeID'] })).toBeUndefined()
  })

  it('the issuer, which is text (S80)', async () => {
    const issuer = 'https://ims-na1.adobelogin.com'
    expect(await reasonOf(await sign(claims({ as: ['ims-na1'] })), { issuer })).toBe('issuer')
    expect(await reasonOf(await sign(claims({ iss: [issuer] })), { issuer })).toBe('issuer')
  })

  it('the issuer, exactly (S17, S80)', async () => {
    const token = await sign(claims())
    expect(await reasonOf(token, { issuer: 'https://ims-na1.adobelogin.com' })).toBeUndefined()
    for (const issuer of [
      'https://ims-na1-stg1.adobelogin.com',
      'https://ims-na1.adobelogin.com/',
      'https://ims-na1.adobelogin.com.evil.test',
      'https://ims-na1',
      '',
    ]) {
      expect(await reasonOf(token, { issuer })).toBe('issuer')
    }
    for (const [issuer, reason] of [
      ['https://ims-prod06.adobelogin.com', undefined],
      ['https://ims-prod06-stg1.adobelogin.com', 'issuer'],
    ] as const)
      expect(await reasonOf(token, { issuer })).toBe(reason)
    const elsewhere = await sign(claims({ as: 'ims-prod06' }))
    expect(await reasonOf(elsewhere, { issuer: 'https://ims-na1.adobelogin.com' })).toBe('issuer')
    const named = await sign(claims({ iss: 'https://x.test' }))
    expect(await reasonOf(named, { issuer: 'https://x.test' })).toBeUndefined()
    expect(await reasonOf(named, { issuer: 'https://ims-na1.adobelogin.com' })).toBe('issuer')
    expect(await reasonOf(await sign(claims({ as: undefined })), { issuer: 'https://ims-na1.adobelogin.com' })).toBe(
      'issuer',
    )
  })

  it.each([
    { allowList: 'client-a' },
    { allowList: [5] },
    { scopes: 'openid' },
    { scopes: [null] },
    { allowList: null },
  ])('options of a wrong type are refused, not guessed: %j', async (options) => {
    const { ims, site } = imsWithKeys()
    const work = ims.verifyToken(await sign(claims()), options as unknown as VerifyTokenOptions)
    await expect(work).rejects.toMatchObject({ code: 'BAD_OPTION' })
    expect(site.asked).toEqual([])
  })
})

it('a refusal says why and quotes nothing of the token', async () => {
  const token = await sign(claims({ user_id: 'canary@AdobeID', type: 'canary' }))
  const error = await failureOf(imsWithKeys().ims.verifyToken(token))
  expect(error.message).toMatch(/refused/)
  const shown = inspect(error, { showHidden: true, depth: 9 }) + JSON.stringify(error)
  expect(shown).not.toMatch(/canary|eyJ/)
})
