import { withoutTrailing } from '../text.ts'
import type { Bytes } from './der.ts'
import { damagedKey } from './invalid-key.ts'

/** One PEM block (RFC 7468, RFC 1421), as found: nothing in `body` is decoded. */
export interface PemBlock {
  /** The text between `BEGIN` and the dashes; `''` if that is not a label. */
  readonly label: string
  readonly body: string
  /** Whether there is an END line. */
  readonly complete: boolean
}

const begin = '-----BEGIN'

/** Whether `text` holds, or was meant to hold, PEM. */
export function isPem(text: string): boolean {
  return /--BEGIN|PRIVATE KEY--/.test(text)
}

/** The PEM blocks of `text`, with any text around them and with or without their newlines. */
export function pemBlocks(text: string): PemBlock[] {
  return unescapeNewlines(text).split(begin).slice(1).map(pemBlock)
}

function pemBlock(rest: string): PemBlock {
  const labelEnd = rest.indexOf('-----')
  const end = rest.indexOf('-----END', labelEnd + 5)
  const complete = labelEnd >= 0 && end >= 0
  const label = rest.slice(0, Math.max(labelEnd, 0)).trim().replace(/\s+/g, ' ')
  return {
    label: /^[A-Z0-9 ]{1,40}$/.test(label) ? label : '',
    body: labelEnd < 0 ? '' : rest.slice(labelEnd + 5, complete ? end : undefined),
    complete,
  }
}

const readable = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'ENCRYPTED PRIVATE KEY']

/** The block to read among those of one file, which may also contain certificates and parameters. */
export function privateKeyBlock(blocks: readonly PemBlock[]): PemBlock | undefined {
  return (
    blocks.find(({ label }) => readable.includes(label)) ??
    blocks.find(({ label }) => label.endsWith('PRIVATE KEY')) ??
    blocks[0]
  )
}

/** A PEM block with the line breaks that other readers insist on. */
export function toPem(label: string, base64: string, headers: readonly string[] = []): string {
  const lines = base64.match(/.{1,64}/g) ?? []
  const head = headers.length > 0 ? [...headers, ''] : []
  return [`${begin} ${label}-----`, ...head, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** Whether `body` is encrypted in the legacy way of OpenSSL, outside of the DER (`DEK-Info`). */
export function isLegacyEncrypted(body: string): boolean {
  return /DEK-Info|Proc-Type/.test(body)
}

/** A legacy-encrypted block as PEM with its line breaks restored. */
export function legacyPem({ label, body }: PemBlock): string {
  const parts = /DEK-Info:\s*([A-Z0-9-]{1,20}),\s*([0-9A-Fa-f]+)([\s\S]*)$/.exec(body)
  const [, cipher = '', hex = '', after = ''] = parts ?? []
  // without a newline the hex digits run into the base64: the block size of the cipher separates them
  const ivLength = /^(DES|RC2|BF|CAST|IDEA)/.test(cipher) ? 16 : 32
  const base64 = stripWhitespace(hex.slice(ivLength) + after)
  if (hex.length < ivLength || !isBase64(base64)) throw damagedKey('its DEK-Info line or its base64 is not whole')
  return toPem(label, base64, ['Proc-Type: 4,ENCRYPTED', `DEK-Info: ${cipher},${hex.slice(0, ivLength)}`])
}

/** `text` with the two-character forms of CR and LF, also when escaped more than once, turned into newlines. */
export function unescapeNewlines(text: string): string {
  // every run of backslashes is a match, so that none is read twice
  return text.replace(/\\+[rn]?/g, (run) => (run.endsWith('\\') ? run : '\n'))
}

/** `text` without white space, zero-width characters included. */
export function stripWhitespace(text: string): string {
  return text.replace(/[\s\u200b]+/g, '')
}

/** Whether `text` is base64 (RFC 4648, section 4) and not empty; padding may be missing. */
export function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && withoutTrailing(text, '=').length % 4 !== 1
}

/** The bytes of `text`, for which {@link isBase64} holds. */
export function fromBase64(text: string): Bytes {
  return Uint8Array.from(atob(withoutTrailing(text, '=')), (character) => character.charCodeAt(0))
}

/** Base64 (RFC 4648, section 4) with padding. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (octet) => String.fromCharCode(octet)).join(''))
}
