import { inspect } from 'node:util'
import { CompactSign, type JWK, SignJWT } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { Ims } from '../../../src/core/index.ts'
import { createEmulator } from '../../../src/emulator/index.ts'
import { failureOf } from '../scripted-server.ts'
import {
  claims,
  encoder,
  imsWithKeys,
  kid,
  otherKeys,
  publicPem,
  published,
  reasonOf,
  sign,
  signer,
  start,
  stranger,
} from './signed-tokens.ts'

describe('a valid token', () => {
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

  it('does not make claims valid that are not an object', async () => {
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

  it('none is reported as algorithm (S77)', async () => {
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

it('a refusal says why and quotes nothing of the token', async () => {
  const token = await sign(claims({ user_id: 'canary@AdobeID', type: 'canary' }))
  const error = await failureOf(imsWithKeys().ims.verifyToken(token))
  expect(error.message).toMatch(/refused/)
  const shown = inspect(error, { showHidden: true, depth: 9 }) + JSON.stringify(error)
  expect(shown).not.toMatch(/canary|eyJ/)
})
