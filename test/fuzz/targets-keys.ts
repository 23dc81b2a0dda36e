import { exportJWK, exportPKCS8, generateKeyPair, SignJWT } from 'jose'
import { claimsOf, expiryOf } from '../../src/core/ims/decode-token.ts'
import { getTokenData, Ims, TokenError } from '../../src/core/index.ts'
import { derInteger, derNumber, derOid, derSequence, derShape, derValues } from '../../src/core/keys/der.ts'
import { readKeyInfo } from '../../src/core/keys/key-info.ts'
import { fromBase64, isBase64 } from '../../src/core/keys/pem.ts'
import { readPrivateKey } from '../../src/core/keys/read-private-key.ts'
import { must, type Target } from './target.ts'

const endpoint = 'https://ims.test'

/** Parsers of keys and tokens. */
export async function keyTargets(): Promise<Target[]> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const pem = await exportPKCS8(privateKey)
  const published = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const now = Date.now()
  const claims = {
    type: 'access_token',
    client_id: 'c',
    created_at: String(now),
    expires_in: '86400000',
    scope: 'openid',
  }
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(privateKey)
  const imsWith = (keys: string) => new Ims({ endpoint, fetch: async () => new Response(keys), retry: { retries: 0 } })
  const verifying = imsWith(JSON.stringify({ keys: [published] }))
  const der = pem.replace(/-----[^-]+-----|\s/g, '')
  return [
    {
      name: 'pem',
      seeds: [pem, JSON.stringify(pem), pem.replaceAll('\n', '\\n'), der, JSON.stringify(await exportJWK(privateKey))],
      run: (input) => readPrivateKey(input, { passphrase: 'a passphrase' }),
    },
    {
      name: 'der',
      seeds: [atob(der)],
      run(input) {
        const bytes = Uint8Array.from(input, (character) => character.charCodeAt(0) & 0xff)
        for (const value of [...(derValues(bytes) ?? []), ...(derSequence(bytes) ?? [])]) {
          must(value.content.length <= bytes.length, 'a value is longer than what holds it')
          derInteger(value)
          derNumber(value)
          derOid(value)
        }
        derShape(derValues(bytes) ?? [])
        return readKeyInfo(bytes)
      },
    },
    {
      name: 'base64',
      seeds: [der],
      run: (input) => (isBase64(input) ? fromBase64(input) : undefined),
    },
    {
      name: 'jwt',
      seeds: [token],
      run(input) {
        const ends = expiryOf(claimsOf(input))
        must(ends === undefined || Number.isFinite(ends), 'an expiry is not a time')
        return getTokenData(input)
      },
    },
    {
      name: 'verify',
      seeds: [token],
      async run(input) {
        const seen = await verifying.verifyToken(input).catch((error: unknown) => {
          must(error instanceof TokenError, `the fault is not the token's: ${String(error)}`)
          throw error
        })
        must(input === token && seen.client_id === 'c', 'a changed token was accepted')
      },
    },
    {
      name: 'key-set',
      secret: false,
      seeds: [JSON.stringify({ keys: [published] }), JSON.stringify({ keys: [{ kty: 'EC' }, published] })],
      run: (input) => imsWith(input).verifyToken(token),
    },
  ]
}
