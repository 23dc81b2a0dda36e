import { randomBytes } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import type { Journeys } from './journeys.ts'
import { endpoint } from './scene.ts'

// the assertions of a service account, right and wrong

const metascope = `${endpoint}/s/ent_dataservices_sdk`

/** What is different about an assertion, by the word that follows it in the row. */
const variants: Readonly<Record<string, JWTPayload>> = {
  expired: { exp: Math.floor(Date.now() / 1000) - 3600 },
  'exp-text': { exp: 'soon' as never },
  'no-exp': { exp: undefined as never },
  jti: { jti: 1234567 as never },
  'jti-text': { jti: 'one' },
  'wrong-audience': { aud: `${endpoint}/c/web-app` },
  'other-environment': { aud: 'https://ims-na1-stg1.adobelogin.com/c/service-account' },
  'no-binding': { aud: `${endpoint}/c/server-to-server` },
  'no-metascope': { [metascope]: undefined },
  'foreign-metascope': { [metascope]: undefined, [`${endpoint}/s/ent_campaign_sdk`]: true },
  'bad-sub': { sub: 'CCCCCCCCCCCCCCCCCCCCCCCC@techacct.adobe.com' },
  'bad-iss': { iss: 'FFFFFFFFFFFFFFFFFFFFFFFF@AdobeOrg' },
  strict: { aud: `${endpoint}/c/strict-account` },
  'strict-used': { aud: `${endpoint}/c/strict-account`, jti: 7654321 as never },
}

/** An assertion of the service account, or of another client if its variant says so; for `strict-used` it is redeemed once. */
export async function assertion(variant: string, { post, signingKey: key }: Journeys): Promise<string> {
  const claims: JWTPayload = {
    exp: Math.floor(Date.now() / 1000) + 300,
    iss: '0123456789ABCDEF01234567@AdobeOrg',
    sub: 'BBBBBBBBBBBBBBBBBBBBBBBB@techacct.adobe.com',
    aud: `${endpoint}/c/service-account`,
    [metascope]: true,
    ...variants[variant],
  }
  const alg = variant === 'wrong-algorithm' ? 'HS256' : 'RS256'
  const signed = await new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' }).sign(await keyFor(variant, key))
  if (variant === 'strict-used') {
    const client = { client_id: 'strict-account', client_secret: 'service-account-secret' }
    await post('/ims/exchange/jwt', { ...client, jwt_token: signed })
  }
  return signed
}

async function keyFor(variant: string, key: CryptoKey): Promise<CryptoKey | Uint8Array> {
  if (variant === 'wrong-algorithm') return randomBytes(32)
  if (variant !== 'wrong-key') return key
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  }
  return (await crypto.subtle.generateKey(rsa, true, ['sign', 'verify'])).privateKey
}
