import * as base64url from '../../../core/base64url.ts'
import { digest } from '../../../core/digest.ts'
import { ConfigurationError } from '../../../core/errors.ts'
import { lazy } from '../../../core/lazy.ts'
import type { Clock, Json } from '../../../core/ports.ts'
import { derivedKey } from '../derived-key.ts'

/** The secrets of the cookies: the first seals, all open. */
export type SessionSecret = string | Uint8Array | readonly (string | Uint8Array)[]

/** What a sealed text is for, and where it lies: one cannot stand in for another. */
export interface SealedAs {
  readonly purpose: 'session' | 'login'
  /** Of the cookie. */
  readonly name: string
}

export interface Opened {
  readonly value: Json
  /** ms since the epoch */
  readonly expiresAt: number
  /** Sealed with a secret that is about to go: to be sealed again. */
  readonly stale: boolean
}

/** Seals what a browser keeps for us and must not read or change. */
export interface Sealer {
  seal(sealed: SealedAs & { readonly value: Json; readonly expiresAt: number }): Promise<string>
  /** `undefined` for what we did not seal for this, what was changed, and what has expired. */
  open(sealed: SealedAs, text: string): Promise<Opened | undefined>
}

const least = 32

const loadEncryption = /* @__PURE__ */ lazy(() => import('jose/jwt/encrypt'))
const loadDecryption = /* @__PURE__ */ lazy(() => import('jose/jwt/decrypt'))

/**
 * JWE (RFC 7516) with AES-256-GCM under keys that HKDF-SHA-256 (RFC 5869) derives from the secrets, one per purpose.
 *
 * @throws {ConfigurationError} `BAD_OPTION` for no secret or one below 32 bytes
 */
export function createSealer(secrets: SessionSecret, clock: Pick<Clock, 'now'>): Sealer {
  const materials = secretList(secrets)
  // values, not promises: in a worker a promise ends with the request that began it
  const keys = new Map<string, CryptoKey>()

  async function keyOf(purpose: SealedAs['purpose'], index: number): Promise<CryptoKey> {
    const id = `${purpose} ${index}`
    const known = keys.get(id)
    if (known !== undefined) return known
    const key = await derivedKey(materials[index] ?? new Uint8Array(), `imskit/cookie/${purpose}`)
    keys.set(id, key)
    return key
  }

  return {
    async seal({ purpose, name, value, expiresAt }) {
      const { EncryptJWT } = await loadEncryption()
      return new EncryptJWT({ value })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(name)
        .setExpirationTime(Math.ceil(expiresAt / 1000))
        .encrypt(await keyOf(purpose, 0))
    },
    async open({ purpose, name }, text) {
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
          // sealed with another secret, or not by us
        }
      }
      return undefined
    },
  }
}

/** Names what is sealed with `secrets`, without showing them. */
export async function nameOfSecret(secrets: SessionSecret): Promise<string> {
  return digest(`imskit/session-secret/${base64url.encode(secretList(secrets)[0] ?? new Uint8Array())}`)
}

function secretList(secrets: SessionSecret): readonly Uint8Array<ArrayBuffer>[] {
  const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [secrets]
  const materials = list.map((secret) => {
    if (typeof secret === 'string') return new TextEncoder().encode(secret)
    return isBytes(secret) ? Uint8Array.from(secret) : new Uint8Array()
  })
  if (materials.length > 0 && materials.every(({ byteLength }) => byteLength >= least)) return materials
  const message = `sessionSecret must be a random text of ${least} bytes or more, such as that of \`openssl rand -base64 48\`, or an array of them, the newest first`
  throw new ConfigurationError('BAD_OPTION', message)
}

// a `Buffer` in the environments of Jest is no instance of the Uint8Array there
const isBytes = (value: unknown): value is Uint8Array => Object.prototype.toString.call(value) === '[object Uint8Array]'
