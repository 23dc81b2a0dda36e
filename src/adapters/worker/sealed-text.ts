import * as base64url from '../../core/base64url.ts'
import { ConfigurationError } from '../../core/errors.ts'
import { derivedKey } from './derived-key.ts'

/** Seals text so that whoever reads the medium cannot, and whoever writes it cannot move a value to another place. */
export interface Seal {
  close(text: string, place: string): Promise<string>
  /** `undefined` for what none of the secrets sealed, or not for this place. */
  open(sealed: string, place: string): Promise<string | undefined>
}

const shortestSecret = 32
const version = 's1'
// values may outlive a request and be used by the next; a promise may not
const derived = /* @__PURE__ */ new Map<string, CryptoKey>()
const fewKeys = 20

/**
 * AES-256-GCM by keys derived from `secrets` (HKDF): the first seals, all of them open, so that they can be rotated.
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a secret that is none
 */
export function sealWith(secrets: string | readonly string[]): Seal {
  const list = typeof secrets === 'string' ? [secrets] : secrets
  const good = Array.isArray(list) && list.length > 0 && list.every(isSecret)
  if (!good) {
    const remedy = 'make one with: openssl rand -base64 32'
    const what = `encryptionKey must be a random text of at least ${shortestSecret} characters, or several of them`
    throw new ConfigurationError('BAD_OPTION', `${what}; ${remedy}`)
  }
  return {
    async close(text, place) {
      const iv = crypto.getRandomValues(new Uint8Array(12))
      const key = await keyFrom(list[0] as string)
      const sealed = await crypto.subtle.encrypt(parameters(iv, place), key, bytesOf(text))
      return [version, base64url.encode(iv), base64url.encode(new Uint8Array(sealed))].join('.')
    },
    async open(sealed, place) {
      const [said, iv, text, ...more] = sealed.split('.')
      if (said !== version || iv === undefined || text === undefined || more.length > 0) return undefined
      for (const secret of list) {
        const key = await keyFrom(secret)
        try {
          const opened = await crypto.subtle.decrypt(
            parameters(base64url.decode(iv), place),
            key,
            base64url.decode(text),
          )
          return new TextDecoder().decode(opened)
        } catch {
          // sealed by another secret, for another place, or damaged
        }
      }
      return undefined
    },
  }
}

const isSecret = (secret: unknown) => typeof secret === 'string' && secret.length >= shortestSecret

const parameters = (iv: BufferSource, place: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: bytesOf(place),
})

const bytesOf = (text: string) => new TextEncoder().encode(text)

async function keyFrom(secret: string): Promise<CryptoKey> {
  const known = derived.get(secret)
  if (known !== undefined) return known
  const key = await derivedKey(bytesOf(secret), 'imskit store')
  if (derived.size >= fewKeys) derived.clear()
  derived.set(secret, key)
  return key
}
