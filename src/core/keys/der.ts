/** Bytes that WebCrypto takes as they are. */
export type Bytes = Uint8Array<ArrayBuffer>

/** One DER value (ITU-T X.690): its identifier octet and its contents octets. */
export interface DerValue {
  readonly tag: number
  readonly content: Bytes
}

/** Identifier octets of the types that keys are made of. */
export const INTEGER = 0x02
export const OCTET_STRING = 0x04
export const OBJECT_IDENTIFIER = 0x06
export const SEQUENCE = 0x30

// no structure of a private key has more members; a hostile one may
const maxValues = 32

/**
 * The DER values laid end to end in `bytes`, one level deep: contents are read by a further call, so nesting costs
 * nothing. `undefined` where `bytes` is not DER: cut short, or with a length that is indefinite or longer than needed.
 */
export function derValues(bytes: Bytes): DerValue[] | undefined {
  const values: DerValue[] = []
  let at = 0
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0
    const size = derLength(bytes, at + 1)
    // a tag number of 31 continues in further octets: nothing in a key has one
    if (size === undefined || (tag & 0x1f) === 0x1f || values.length === maxValues) return undefined
    at = size.start + size.length
    if (at > bytes.length) return undefined
    values.push({ tag, content: bytes.subarray(size.start, at) })
  }
  return values
}

function derLength(bytes: Bytes, at: number): { start: number; length: number } | undefined {
  const first = bytes[at]
  if (first === undefined || first < 0x80) return first === undefined ? undefined : { start: at + 1, length: first }
  const count = first & 0x7f
  const octets = bytes.subarray(at + 1, at + 1 + count)
  if (count < 1 || count > 3 || octets.length < count || octets[0] === 0) return undefined
  const length = octets.reduce((sum, octet) => sum * 256 + octet, 0)
  return length < 0x80 ? undefined : { start: at + 1 + count, length }
}

/** The members of the one SEQUENCE that `bytes` is; `undefined` where it is anything else. */
export function derSequence(bytes: Bytes): DerValue[] | undefined {
  const values = derValues(bytes)
  return values?.length === 1 ? membersOf(values[0]) : undefined
}

/** The members of `value` where it is a SEQUENCE. */
export function membersOf(value: DerValue | undefined): DerValue[] | undefined {
  return value?.tag === SEQUENCE ? derValues(value.content) : undefined
}

/** The magnitude of a non-negative INTEGER, big-endian, without leading zero octets. */
export function derInteger(value: DerValue | undefined): Bytes | undefined {
  if (value?.tag !== INTEGER) return undefined
  const [first, second] = value.content
  if (first === undefined || first >= 0x80) return undefined
  if (first !== 0) return value.content
  return second !== undefined && second < 0x80 ? undefined : value.content.subarray(1)
}

/** A non-negative INTEGER as a number: `Infinity` where it has more than 48 bits. */
export function derNumber(value: DerValue | undefined): number | undefined {
  const magnitude = derInteger(value)
  if (magnitude === undefined) return undefined
  return magnitude.length > 6 ? Number.POSITIVE_INFINITY : magnitude.reduce((sum, octet) => sum * 256 + octet, 0)
}

/** An OBJECT IDENTIFIER in dotted form. */
export function derOid(value: DerValue | undefined): string | undefined {
  if (value?.tag !== OBJECT_IDENTIFIER || value.content.length > 32) return undefined
  const arcs: number[] = []
  let arc = 0
  for (const octet of value.content) {
    arc = arc * 128 + (octet & 0x7f)
    if (octet >= 0x80) continue
    if (arcs.length === 0) {
      const root = Math.min(Math.floor(arc / 40), 2)
      arcs.push(root)
      arc -= root * 40
    }
    arcs.push(arc)
    arc = 0
  }
  return arcs.length === 0 ? undefined : arcs.join('.')
}

/** The tags of `values` in hex, such as `02 30 04`: enough to tell the structures of keys apart. */
export function derShape(values: readonly DerValue[]): string {
  return values.map(({ tag }) => tag.toString(16).padStart(2, '0')).join(' ')
}
