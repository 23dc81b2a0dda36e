import type { JWK } from 'jose'
import { exportJWK } from 'jose/key/export'
import { generateKeyPair } from 'jose/key/generate/keypair'

/** A private key and the name under which its public half is published. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
}

/** The emulator's signing keys: real 2048-bit RSA, made anew for every emulator. */
export interface KeyRing {
  /** Signs access tokens, refresh tokens and codes. */
  readonly token: SigningKey
  /** Signs ID tokens. */
  readonly idToken: SigningKey
  /** Published at `/ims/keys`, keys of earlier rotations included. */
  readonly jwks: { readonly keys: readonly JWK[] }
  /** Signs tokens with a new key from now on. */
  rotate(): Promise<void>
}

async function generateSigningKey(kid: string): Promise<{ key: SigningKey; jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const { e, n, kty } = await exportJWK(publicKey)
  return { key: { kid, privateKey }, jwk: { alg: 'RS256', kty, use: 'sig', kid, e, n } as JWK }
}

const tokenKid = (generation: number) => `ims_na1-key-at-${generation}`

/** Generates the keys; the key ids are the ones IMS uses. */
export async function createKeyRing(): Promise<KeyRing> {
  const [idToken, first] = await Promise.all([generateSigningKey('ims'), generateSigningKey(tokenKid(1))])
  const published = [idToken.jwk, first.jwk]
  let token = first.key
  return {
    get token() {
      return token
    },
    idToken: idToken.key,
    jwks: { keys: published },
    async rotate() {
      const next = await generateSigningKey(tokenKid(published.length))
      published.push(next.jwk)
      token = next.key
    },
  }
}
