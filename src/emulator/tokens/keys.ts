import type { JWK } from 'jose'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { exportJWK } from 'jose/key/export'
import { generateKeyPair } from 'jose/key/generate/keypair'

/** A private key and the name under which its public half is published. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
}

/** The emulator's signing keys: real 2048-bit RSA, generated for every emulator. */
export interface KeyRing {
  /** Signs access tokens, refresh tokens and codes. */
  readonly token: SigningKey
  /** Signs ID tokens. */
  readonly idToken: SigningKey
  /** Published at `/ims/keys`, including keys before earlier rotations. */
  readonly jwks: { readonly keys: readonly JWK[] }
  /** Signs tokens with a new key from now on. */
  rotate(): Promise<void>
}

/** The key id is its thumbprint (RFC 7638), so that two keys never share an id: a restart is a rotation. */
async function generateSigningKey(): Promise<{ key: SigningKey; jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const { e, n, kty } = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint({ e, n, kty } as JWK)
  return { key: { kid, privateKey }, jwk: { alg: 'RS256', kty, use: 'sig', kid, e, n } as JWK }
}

/** Generates the keys. */
export async function createKeyRing(): Promise<KeyRing> {
  const [idToken, first] = await Promise.all([generateSigningKey(), generateSigningKey()])
  const published = [idToken.jwk, first.jwk]
  let token = first.key
  return {
    get token() {
      return token
    },
    idToken: idToken.key,
    jwks: { keys: published },
    async rotate() {
      const next = await generateSigningKey()
      published.push(next.jwk)
      token = next.key
    },
  }
}
