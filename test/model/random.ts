import { createHash } from 'node:crypto'

/** A stream of numbers that a seed determines. */
export interface Random {
  /** At least 0, less than 1. */
  next(): number
  /** A whole number of at least 0 and less than `bound`. */
  below(bound: number): number
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
}

/** Mulberry32. Streams with different names are independent: drawing from one does not change another. */
export function createRandom(seed: number, stream: string): Random {
  let state = seed | 0
  for (const letter of stream) state = (Math.imul(state ^ letter.charCodeAt(0), 0x9e37_79b1) + 0x7f4a_7c15) | 0
  const next = () => {
    state = (state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    next,
    below: (bound) => Math.floor(next() * bound),
    chance: (probability) => next() < probability,
    pick: <T>(from: readonly T[]) => from[Math.floor(next() * from.length)] as T,
  }
}

let source = createRandom(0, 'crypto')

/** From here on everything random in the code under test follows from `seed`. */
export function seedCrypto(seed: number): void {
  source = createRandom(seed, 'crypto')
}

/**
 * Makes the runtime's crypto deterministic: random numbers come from the seed, and a digest is ready in the same turn,
 * as one that a thread computes is ready at a time that no seed determines. The digests are the real ones.
 */
export function tameCrypto(): () => void {
  const subtle = crypto.subtle
  const saved = { values: crypto.getRandomValues, uuid: crypto.randomUUID, digest: subtle.digest }
  const define = (on: object, name: string, value: unknown) =>
    Object.defineProperty(on, name, { value, configurable: true, writable: true })
  define(crypto, 'getRandomValues', (into: Uint8Array | Uint32Array) => {
    for (let at = 0; at < into.length; at++) into[at] = source.below(2 ** (8 * into.BYTES_PER_ELEMENT))
    return into
  })
  define(crypto, 'randomUUID', () => `uuid-${source.below(2 ** 32).toString(36)}-${source.below(2 ** 32).toString(36)}`)
  define(subtle, 'digest', async (algorithm: string, data: Uint8Array) => {
    const digest = createHash(algorithm.replace('-', '').toLowerCase()).update(data).digest()
    return digest.buffer.slice(digest.byteOffset, digest.byteOffset + digest.byteLength)
  })
  return () => {
    define(crypto, 'getRandomValues', saved.values)
    define(crypto, 'randomUUID', saved.uuid)
    define(subtle, 'digest', saved.digest)
  }
}
