import { type Bytes, derValues } from './der.ts'
import { damagedKey, invalidKey, otherKind } from './invalid-key.ts'
import {
  fromBase64,
  isBase64,
  isLegacyEncrypted,
  isPem,
  legacyPem,
  pemBlocks,
  privateKeyBlock,
  stripWhitespace,
  unescapeNewlines,
} from './pem.ts'

/** What a source contains, before anything is decrypted or imported. */
export type KeyMaterial =
  | { readonly kind: 'jwk'; readonly jwk: Readonly<Record<string, unknown>> }
  | { readonly kind: 'der'; readonly der: Bytes }
  /** PEM that is encrypted outside of its DER (`DEK-Info`), line breaks restored. */
  | { readonly kind: 'legacy'; readonly pem: string }
  /** Neither key nor damaged key; perhaps the path of one. */
  | { readonly kind: 'text'; readonly text: string }

const maxLength = 65_536
const maxPathLength = 1024
// base64 of JSON of an array is three
const maxWrappings = 4

/**
 * Unwraps a key from the forms that files, variables and JSON give it.
 *
 * @throws {ConfigurationError} `INVALID_KEY` when `source` is empty, too large, damaged or another kind of key
 */
export function openKeySource(source: unknown, wrappings = 0): KeyMaterial {
  if (wrappings > maxWrappings) throw notAKey()
  if (typeof source === 'string') return openText(source, wrappings)
  if (Array.isArray(source)) {
    if (!source.every((line) => typeof line === 'string')) {
      throw invalidKey('the private key is an array that does not hold lines of text', 'give the lines of a PEM file')
    }
    return openText(source.join('\n'), wrappings)
  }
  if (typeof source !== 'object' || source === null) {
    const found = source === undefined || source === null ? 'missing' : `a ${typeof source}`
    throw invalidKey(`the private key is ${found}`, 'give PEM text, its lines, a JWK or a CryptoKey')
  }
  if (ArrayBuffer.isView(source) || source instanceof ArrayBuffer) {
    throw invalidKey('the private key is a buffer', 'give its text, or the base64 of its bytes')
  }
  return { kind: 'jwk', jwk: source as Readonly<Record<string, unknown>> }
}

/** The refusal of a text that looks like neither a key nor a path. */
export function notAKey() {
  return invalidKey(
    'the text given as private key is neither PEM, base64 nor JSON of an RSA private key, nor a file that can be read here',
    'give the whole text of the key file, from its BEGIN to its END line',
  )
}

/** Whether `text`, which is not a key, may be passed to the runtime as a path. */
export function mayBePath(text: string): boolean {
  return text.length <= maxPathLength && !/\p{Cc}/u.test(text)
}

function openText(source: string, wrappings: number): KeyMaterial {
  if (source.length > maxLength) {
    throw invalidKey(`the private key has more than ${maxLength} characters`, 'give the key file and nothing else')
  }
  // a BOM counts as white space to trim()
  const text = source.trim()
  if (text === '') throw invalidKey('the private key is empty', 'give the whole text of the key file')
  const json = /^["[{]/.test(text) ? parseJson(text) : undefined
  if (json !== undefined) return openKeySource(json, wrappings + 1)
  if (isPem(text)) return openPem(text)
  return openBase64(text, wrappings) ?? { kind: 'text', text }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function openPem(text: string): KeyMaterial {
  const block = privateKeyBlock(pemBlocks(text))
  if (block === undefined) throw damagedKey('its BEGIN line is not whole')
  if (!['PRIVATE KEY', 'RSA PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'].includes(block.label)) throw otherKind(block.label)
  if (!block.complete) throw damagedKey('its END line is missing')
  if (isLegacyEncrypted(block.body)) return { kind: 'legacy', pem: legacyPem(block) }
  const base64 = stripWhitespace(block.body)
  if (!isBase64(base64)) throw damagedKey('the text between its BEGIN and END lines is not base64')
  return { kind: 'der', der: fromBase64(base64) }
}

// base64 of DER that is longer than 255 bytes, as every RSA key is, and of text that starts with dashes
const longDerOrPem = /^(MII|LS0tLS1)/

function openBase64(text: string, wrappings: number): KeyMaterial | undefined {
  const base64 = stripWhitespace(unescapeNewlines(text))
  const certain = base64.length >= 64 && longDerOrPem.test(base64)
  if (!isBase64(base64)) {
    if (certain) throw damagedKey('its base64 is not whole')
    return undefined
  }
  const bytes = fromBase64(base64)
  const inner = new TextDecoder().decode(bytes)
  if (isPem(inner) || /^\s*["[{]/.test(inner)) return openKeySource(inner, wrappings + 1)
  // shorter text may be base64 by chance; only DER of exactly that length is not
  const fits = bytes[0] === 0x30 && bytes.length >= 40 && derValues(bytes)?.length === 1
  return certain || fits ? { kind: 'der', der: bytes } : undefined
}
