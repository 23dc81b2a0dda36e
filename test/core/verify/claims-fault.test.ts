import { describe, expect, it, vi } from 'vitest'
import { Ims, type VerifyTokenOptions } from '../../../src/core/index.ts'
import { claims, imsWithKeys, published, reasonOf, sign, start } from './signed-tokens.ts'

describe('the times', () => {
  const lifetime = 86_400_000
  const ends = start - 1_000 + lifetime
  const at = async (now: number, options?: VerifyTokenOptions, more: Record<string, unknown> = {}) => {
    vi.setSystemTime(now)
    return reasonOf(await sign(claims(more)), options)
  }

  it('the end, with a tolerance of 30 s by default (S80)', async () => {
    expect(await at(ends)).toBeUndefined()
    expect(await at(ends + 29_999)).toBeUndefined()
    expect(await at(ends + 30_000)).toBe('expired')
    expect(await at(ends - 1, { clockTolerance: 0 })).toBeUndefined()
    expect(await at(ends, { clockTolerance: 0 })).toBe('expired')
    expect(await at(ends + 299_999, { clockTolerance: 300_000 })).toBeUndefined()
    expect(await at(ends + 300_000, { clockTolerance: 300_000 })).toBe('expired')
  })

  it('the start, with the same (S80)', async () => {
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

  it('are checked in every form that is there, also if another form is right (S80)', async () => {
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
    'type %s is not an access token',
    async (type) => {
      expect(await reasonOf(await sign(claims({ type })))).toBe('type')
    },
  )

  it('an ID token is not an access token (S81)', async () => {
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
