import * as base64url from '../base64url.ts'
import { parseObject } from '../json.ts'

/** The three parts of a token in compact form (RFC 7515, section 7.1), as text. Nothing is verified yet. */
export interface CompactToken {
  readonly header: string
  readonly payload: string
  readonly signature: string
}

const longestToken = 64 * 1024
const threeParts = /^[\w-]*\.[\w-]*\.[\w-]*$/
// the last characters whose unused bits are zero, after one byte and after two
const lastOfTwo = 'AQgw'
const lastOfThree = 'AEIMQUYcgkosw048'

/** `token` in parts; `undefined` unless each part is base64url in the one way that RFC 7515 and RFC 4648 define. */
export function parseCompact(token: unknown): CompactToken | undefined {
  if (typeof token !== 'string' || token.length > longestToken || !threeParts.test(token)) return undefined
  const [header = '', payload = '', signature = ''] = token.split('.')
  return [header, payload, signature].every(isCanonical) ? { header, payload, signature } : undefined
}

/** Whether `text`, which has only characters of base64url, is how its bytes are encoded (RFC 4648, section 3.5). */
function isCanonical(text: string): boolean {
  const beyond = text.length % 4
  if (beyond < 2) return beyond === 0
  return (beyond === 2 ? lastOfTwo : lastOfThree).includes(text.charAt(text.length - 1))
}

/** The bytes of a part or number in base64url; `undefined` if it is encoded in any other way. */
export function strictBytes(text: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (typeof text !== 'string' || !/^[\w-]*$/.test(text) || !isCanonical(text)) return undefined
  return bytesOf(text)
}

/** `Uint8Array` of newer runtimes (ECMAScript 2026). */
interface Decoder extends Uint8ArrayConstructor {
  fromBase64?(text: string, options: { readonly alphabet: 'base64url' }): Uint8Array<ArrayBuffer>
}

/** The bytes of a part of a {@link CompactToken}. */
export function bytesOf(part: string): Uint8Array<ArrayBuffer> {
  const decoder: Decoder = Uint8Array
  return decoder.fromBase64?.(part, { alphabet: 'base64url' }) ?? base64url.decode(part)
}

/** The bytes that the signature of `token` signs. */
export function signedBytes({ header, payload }: CompactToken): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${header}.${payload}`)
}

/** The JSON object in a part of a {@link CompactToken}; `undefined` for invalid UTF-8, other JSON or a repeated name. */
export function objectIn(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = base64url.decodeText(part)
    const value = parseObject(text)
    return value === undefined || hasRepeatedName(text, value) ? undefined : value
  } catch {
    return undefined
  }
}

/** Whether an object in `text` has a name twice: `value`, which `text` was parsed to, then has fewer names. */
function hasRepeatedName(text: string, value: object): boolean {
  const names = countNames(value)
  // each name has a colon; most tokens have no other
  if (countColons(text) === names) return false
  return countColons(text.replace(/\\./gs, '').replace(/"[^"]*"/g, '')) !== names
}

function countColons(text: string): number {
  let colons = 0
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) colons++
  return colons
}

function countNames(value: object): number {
  // not recursive: a token may nest thousands of levels
  const found: unknown[] = [value]
  let names = 0
  for (const item of found) {
    if (typeof item !== 'object' || item === null) continue
    const inside = Object.values(item)
    if (!Array.isArray(item)) names += inside.length
    for (const one of inside) found.push(one)
  }
  return names
}
