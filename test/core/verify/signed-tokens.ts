import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import { Ims, type ImsOptions, type TokenError, type VerifyTokenOptions } from '../../../src/core/index.ts'

export const start = Date.UTC(2026, 0, 1)
export const kid = 'ims_na1-key-at-1'
export const encoder = new TextEncoder()

export let signer: CryptoKey
export let stranger: CryptoKey
export let published: JWK
export let publicPem: string
export let otherKeys: Record<'PS256' | 'ES256', { privateKey: CryptoKey; jwk: JWK }>
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

export const claims = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  type: 'access_token',
  client_id: 'client-a',
  user_id: 'user@AdobeID',
  as: 'ims-na1',
  scope: 'openid,AdobeID,read_organizations',
  created_at: String(start - 1_000),
  expires_in: '86400000',
  ...more,
})

export const sign = (payload: Record<string, unknown>, header: Record<string, unknown> = {}, key = signer) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid, x5u: `${kid}.cer`, itt: 'at', ...header }).sign(key)

/** IMS with these keys; `keys` can be changed on the way. */
export function imsWithKeys(options: ImsOptions = {}) {
  const site = { keys: [published] as unknown, status: 200, asked: [] as string[] }
  const fetch = async (url: string) => {
    site.asked.push(url)
    return Response.json(Array.isArray(site.keys) ? { keys: site.keys } : site.keys, { status: site.status })
  }
  return { site, ims: new Ims({ fetch, retry: { retries: 0 }, ...options }) }
}

/** Why `token` is refused, or `undefined`. */
export async function reasonOf(token: string, options?: VerifyTokenOptions, { ims } = imsWithKeys()) {
  try {
    await ims.verifyToken(token, options)
    return undefined
  } catch (error) {
    const { code, name, reason } = error as TokenError
    expect({ code, name }).toEqual({ code: 'TOKEN_INVALID', name: 'TokenError' })
    return reason
  }
}
