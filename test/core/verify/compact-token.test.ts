import { describe, expect, it } from 'vitest'
import { claims, encoder, imsWithKeys, kid, reasonOf, sign, signer } from './signed-tokens.ts'

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

  it('names that only look repeated are accepted', async () => {
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
