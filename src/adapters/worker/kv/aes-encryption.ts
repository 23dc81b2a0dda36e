import * as base64url from '../../../core/base64url.ts'
import { decryptText, deriveKey, encryptText } from '../../../core/encrypt.ts'
import { badOption } from '../../../core/options.ts'

/** Encrypts the values of a store, such as {@link aesEncryption}. */
export interface Encryption {
  /** Encrypts `text` as the value of the entry called `name`. */
  encrypt(text: string, name: string): Promise<string>
  /** Resolves to `undefined` if `encrypted` was not encrypted by the same secrets for this `name`, or was changed. */
  decrypt(encrypted: string, name: string): Promise<string | undefined>
}

const shortestSecret = 32
const version = 'v1'
const mostKeys = 20
// an isolate may reuse a key in a later request, but not a promise
const keys = /* @__PURE__ */ new Map<string, CryptoKey>()

/**
 * AES-256-GCM with a key that is derived from `secret` (HKDF-SHA-256), for `kvStore` and `workerPlatform`.
 *
 * @param secret a random text of at least 32 characters. To rotate it, pass an array: the first secret encrypts, and all
 *   of them decrypt
 * @throws {ConfigurationError} `BAD_OPTION` if a secret is missing or too short
 * @example
 * kvStore(env.TOKENS, { encryption: aesEncryption(env.ENCRYPTION_SECRET) })
 */
export function aesEncryption(secret: string | readonly string[]): Encryption {
  const secrets: readonly string[] = Array.isArray(secret) ? [...secret] : [secret]
  const [first] = secrets
  if (first === undefined || !secrets.every(isSecret))
    throw badOption(
      `aesEncryption takes a random text of at least ${shortestSecret} characters, or an array of them; create one with: openssl rand -base64 32`,
    )
  return {
    async encrypt(text, name) {
      const { iv, encrypted } = await encryptText(await keyFrom(first), text, name)
      return [version, base64url.encode(iv), base64url.encode(new Uint8Array(encrypted))].join('.')
    },
    async decrypt(text, name) {
      const [prefix, iv, encrypted, ...more] = text.split('.')
      if (prefix !== version || iv === undefined || encrypted === undefined || more.length > 0) return undefined
      for (const each of secrets) {
        const key = await keyFrom(each)
        try {
          return await decryptText(key, { iv: base64url.decode(iv), encrypted: base64url.decode(encrypted) }, name)
        } catch {
          // encrypted with another secret or for another name, or damaged
        }
      }
      return undefined
    },
  }
}

const isSecret = (secret: unknown) => typeof secret === 'string' && secret.length >= shortestSecret

async function keyFrom(secret: string): Promise<CryptoKey> {
  const known = keys.get(secret)
  if (known !== undefined) return known
  const key = await deriveKey(new TextEncoder().encode(secret), 'imskit store')
  if (keys.size >= mostKeys) keys.clear()
  keys.set(secret, key)
  return key
}
