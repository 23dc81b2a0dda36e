import * as base64url from '../../../core/base64url.ts'
import { digest } from '../../../core/digest.ts'
import { deriveKey } from '../../../core/encrypt.ts'
import { lazy } from '../../../core/lazy.ts'
import { badOption } from '../../../core/options.ts'
import type { Clock, Json } from '../../../core/ports.ts'

/** The secrets of the cookies: the first encrypts, and all of them decrypt. */
export type SessionSecret = string | Uint8Array | readonly (string | Uint8Array)[]

/** What an encrypted value is for. One that was encrypted for another cookie or purpose cannot be decrypted. */
export interface CookiePurpose {
  readonly purpose: 'session' | 'login'
  /** Of the cookie. */
  readonly name: string
}

export interface DecryptedCookie {
  readonly value: Json
  /** ms since the epoch */
  readonly expiresAt: number
  /** Whether it was encrypted with an older secret, so that it should be encrypted again with the first one. */
  readonly stale: boolean
}

/** Encrypts the cookies that the user must not read or change. */
export interface CookieEncryption {
  encrypt(cookie: CookiePurpose & { readonly value: Json; readonly expiresAt: number }): Promise<string>
  /** Resolves to `undefined` if the text was encrypted elsewhere or for another cookie, was changed, or has expired. */
  decrypt(cookie: CookiePurpose, text: string): Promise<DecryptedCookie | undefined>
}

/** Derives the key of one purpose from each secret, and remembers it. */
type KeyFinder = (purpose: CookiePurpose['purpose'], index: number) => Promise<CryptoKey>

const shortestSecret = 32

const loadEncryption = /* @__PURE__ */ lazy(() => import('jose/jwt/encrypt'))
const loadDecryption = /* @__PURE__ */ lazy(() => import('jose/jwt/decrypt'))

/**
 * JWE (RFC 7516) with AES-256-GCM and keys that HKDF-SHA-256 (RFC 5869) derives from the secrets, one per purpose.
 *
 * @throws {ConfigurationError} `BAD_OPTION` if a secret is missing or shorter than 32 bytes
 */
export function cookieEncryption(secrets: SessionSecret, clock: Pick<Clock, 'now'>): CookieEncryption {
  const materials = secretList(secrets)
  const keyOf = keyFinder(materials)
  return {
    async encrypt({ purpose, name, value, expiresAt }) {
      const { EncryptJWT } = await loadEncryption()
      return new EncryptJWT({ value })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(name)
        .setExpirationTime(Math.ceil(expiresAt / 1000))
        .encrypt(await keyOf(purpose, 0))
    },
    async decrypt({ purpose, name }, text) {
      const { jwtDecrypt } = await loadDecryption()
      for (let index = 0; index < materials.length; index++) {
        try {
          const { payload } = await jwtDecrypt<{ value?: Json }>(text, await keyOf(purpose, index), {
            audience: name,
            requiredClaims: ['exp'],
            currentDate: new Date(clock.now()),
            keyManagementAlgorithms: ['dir'],
            contentEncryptionAlgorithms: ['A256GCM'],
          })
          const { value, exp = 0 } = payload
          return value === undefined ? undefined : { value, expiresAt: exp * 1000, stale: index > 0 }
        } catch {
          // encrypted with another secret, or by another program
        }
      }
      return undefined
    },
  }
}

/** Remembers keys, not promises: in a worker a promise does not outlive the request that created it. */
function keyFinder(materials: readonly Uint8Array<ArrayBuffer>[]): KeyFinder {
  const keys = new Map<string, CryptoKey>()
  return async (purpose, index) => {
    const id = `${purpose} ${index}`
    const known = keys.get(id)
    if (known !== undefined) return known
    const key = await deriveKey(materials[index] ?? new Uint8Array(), `imskit/cookie/${purpose}`)
    keys.set(id, key)
    return key
  }
}

/** Identifies the first of `secrets` without revealing it. */
export async function nameOfSecret(secrets: SessionSecret): Promise<string> {
  return digest(`imskit/session-secret/${base64url.encode(secretList(secrets)[0] ?? new Uint8Array())}`)
}

function secretList(secrets: SessionSecret): readonly Uint8Array<ArrayBuffer>[] {
  const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [secrets]
  const materials = list.map((secret) => {
    if (typeof secret === 'string') return new TextEncoder().encode(secret)
    return isBytes(secret) ? Uint8Array.from(secret) : new Uint8Array()
  })
  if (materials.length > 0 && materials.every(({ byteLength }) => byteLength >= shortestSecret)) return materials
  throw badOption(
    `sessionSecret must be a random text of ${shortestSecret} bytes or more, such as that of \`openssl rand -base64 48\`, or an array of them, the newest first`,
  )
}

// in Jest's environments a `Buffer` is not an instance of their Uint8Array
const isBytes = (value: unknown): value is Uint8Array => Object.prototype.toString.call(value) === '[object Uint8Array]'
