import { createPrivateKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readPrivateKey } from '../../../src/core/keys/read-private-key.ts'
import { refusal } from './openssl.ts'

// RFC 7515, appendix A.2.1: published, nobody's key
const rfc7515 = {
  kty: 'RSA',
  n:
    'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ' +
    'S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2' +
    'R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcD' +
    'TW9gb54h4FRWyuXpoQ',
  e: 'AQAB',
  d:
    'Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_G' +
    'O-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQl' +
    'BjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0' +
    'QU91p1DhOVRuOopznQ',
  p:
    '4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2' +
    'KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc',
  q:
    'uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_' +
    'HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc',
  dp:
    'BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vm' +
    'AktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0',
  dq:
    'h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9c' +
    'jz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU',
  qi:
    'IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnb' +
    'JtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U',
}

// RFC 7515, appendix A.2.1
const signingInput =
  'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
const signature =
  'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t' +
  '1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12j' +
  'zDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ' +
  'Ge77Rw'

// RFC 7517, appendix A.2
const rfc7517 = {
  kty: 'RSA',
  n:
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3' +
    'oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA' +
    'ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-' +
    'kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  d:
    'X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6NqXSzUvxT' +
    '0_YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy_nHNKroADIkJ46pRUohsXywbReAdYaMwFs9tv8d_cPVY3i07a3t8MN6TNwm0dSawm9v47UiCl3S' +
    'k5ZiG7xojPLu4sbg1U2jx4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL-Us2lGVkY8fkFzme1z0HbIkfz0Y6mq' +
    'nOYtqc0X4jfcKoAC8Q',
  p:
    '83i-7IvMGXoMXCskv73TKr8637FiO7Z27zv8oj6pbWUQyLPQBQxtPVnwD20R-60eTDmD2ujnMt5PoqMrm8RfmNhVWDtjjMmCMjOpSXicFHj7' +
    'XOuVIYQyqVWlWEh6dN36GVZYk93N8Bc9vY41xy8B9RzzOGVQzXvNEvn7O0nVbfs',
  q:
    '3dfOR9cuYq-0S-mkFLzgItgMEfFzB2q3hWehMuG0oCuqnb3vobLyumqjVZQO1dIrdwgTnCdpYzBcOfW5r370AFXjiWft_NGEiovonizhKpo9' +
    'VVS78TzFgxkIdrecRezsZ-1kYd_s1qDbxtkDEgfAITAG9LUnADun4vIcb6yelxk',
  dp:
    'G4sPXkc6Ya9y8oJW9_ILj4xuppu0lzi_H7VTkS8xj5SdX3coE0oimYwxIi2emTAue0UOa5dpgFGyBJ4c8tQ2VF402XRugKDTP8akYhFo5tAA' +
    '77Qe_NmtuYZc3C3m3I24G2GvR5sSDxUyAN2zq8Lfn9EUms6rY3Ob8YeiKkTiBj0',
  dq:
    's9lAH9fggBsoFR8Oac2R_E2gw282rT2kGOAhvIllETE1efrA6huUUvMfBcMpn8lqeW6vzznYY5SSQF7pMdC_agI3nG8Ibp1BUb0JUiraRNqU' +
    'fLhcQb_d9GF4Dh7e74WbRsobRonujTYN1xCaP6TO61jvWrX-L18txXw494Q_cgk',
  qi:
    'GyM_p6JrXySiz1toFgKbWV-JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa-Bk0KWNGDjJHZDdDmFhW3AN7lI-puxk_' +
    'mHZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKFYItdldUKGzO6Ia6zTKhAVRU',
  alg: 'RS256',
  kid: '2011-04-29',
}

async function sign(key: CryptoKey): Promise<string> {
  const signed = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, new TextEncoder().encode(signingInput))
  return Buffer.from(signed).toString('base64url')
}

describe('published vectors', () => {
  it('makes the signature of RFC 7515, appendix A.2, from every form of its key', async () => {
    const key = createPrivateKey({ key: rfc7515, format: 'jwk' })
    const pkcs1 = String(key.export({ type: 'pkcs1', format: 'pem' }))
    const pkcs8 = String(key.export({ type: 'pkcs8', format: 'pem' }))
    const text = JSON.stringify(rfc7515)
    for (const source of [rfc7515, text, JSON.stringify(text), btoa(text), pkcs1, pkcs8]) {
      expect(await sign(await readPrivateKey(source))).toBe(signature)
    }
  })

  it('reads the key of RFC 7517, appendix A.2', async () => {
    const key = await readPrivateKey(rfc7517)
    expect(key.extractable).toBe(false)
    const { kty, n, e } = rfc7517
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    const publicKey = await crypto.subtle.importKey('jwk', { kty, n, e }, algorithm, false, ['verify'])
    const signed = Buffer.from(await sign(key), 'base64url')
    const input = new TextEncoder().encode(signingInput)
    expect(await crypto.subtle.verify('RSASSA-PKCS1-v1_5', publicKey, signed, input)).toBe(true)
  })
})

describe('JWK', () => {
  it('takes ext, key_ops and use as a browser exports them, and is still not extractable', async () => {
    const jwk = { ...rfc7515, alg: 'RS256', ext: true, key_ops: ['sign'], use: 'sig' }
    const key = await readPrivateKey(jwk)
    expect(key.extractable).toBe(false)
    expect(await sign(key)).toBe(signature)
  })

  it('refuses a key that is meant for something else', async () => {
    const others = [{ alg: 'PS256' }, { alg: 'RS512' }, { alg: 'RSA-OAEP' }, { use: 'enc' }, { key_ops: ['decrypt'] }]
    for (const other of others) {
      expect((await refusal({ ...rfc7515, ...other })).message).toMatch(/not meant for RS256/)
    }
  })

  it('says what is wrong with it', async () => {
    const { kty, n, e, d } = rfc7515
    expect((await refusal({ kty, n, e })).message).toMatch(/public key/)
    expect((await refusal({ kty, n, e, d })).message).toMatch(/lacks p, q, dp, dq, qi/)
    expect((await refusal({ ...rfc7515, oth: [] })).message).toMatch(/more than two primes/)
    expect((await refusal({ ...rfc7515, q: '*' })).message).toMatch(/not base64url/)
    expect((await refusal({ ...rfc7515, q: rfc7515.p })).message).toMatch(/do not belong together/)
    expect((await refusal({ ...rfc7515, e: 'AQ', d: 'AQ' })).message).toMatch(/do not belong together/)
    const one = { e: 'AQ', d: 'AQ', dp: 'AQ', dq: 'AQ' }
    expect((await refusal({ ...rfc7515, ...one })).message).toMatch(/do not belong together/)
    expect((await refusal({ ...rfc7515, p: 'AQ' })).message).toMatch(/do not belong together/)
    expect((await refusal({ ...rfc7515, n: '' })).message).toMatch(/has 0 bits/)
    expect((await refusal({ ...rfc7515, n: `AAE${'A'.repeat(4000)}` })).message).toMatch(/do not belong|bits/)
    expect((await refusal({ kty: 'oct', k: 'AAAA' })).message).toMatch(/not an RSA key in JWK form/)
  })
})
