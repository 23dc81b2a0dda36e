import { digest } from '../digest.ts'
import { makeRoom } from '../make-room.ts'
import { badOption } from '../options.ts'
import type { Untyped } from './untyped.ts'

/** What a validation found; `status` below 400 means valid. */
export interface ValidationResult {
  readonly status: number
  /** When the token itself ends, in ms since the epoch: no result is believed longer. */
  readonly expiresAt?: number | undefined
}

/** A cache for `Ims`: {@link ValidationCache}, or one of your own. */
export interface ValidationCacheLike {
  /**
   * Resolves to what `validate` resolves to, now or at an earlier call with equal `params`: the token, the client id or
   * the allow list, the endpoint, and the kind of validation. A `status` below 400 means valid.
   */
  validateWithCache(validate: (...params: Untyped[]) => Promise<Untyped>, ...params: Untyped[]): Promise<Untyped>
  /** What is remembered, if that can be said without waiting. */
  peek?(...params: Untyped[]): Untyped
}

const fewPending = 1000
// what README of @adobe/aio-lib-ims suggests
const defaults = { maxAge: 300_000, maxValidEntries: 10_000, maxInvalidEntries: 20_000 }

/** Names a key without showing it; synchronous where the runtime can. */
export type Digest = (text: string) => string | Promise<string>

interface Entry {
  readonly result: ValidationResult
  /** ms since the cache was made: a small integer takes no memory of its own. */
  readonly until: number
  /** Asked for since it was last passed over for eviction. */
  used: boolean
}

/**
 * Remembers what validations found. Valid and invalid results are kept apart, so that a flood of bad tokens evicts no
 * good one; the least recently used goes first. Keys are digests of all that the answer depends on, never tokens.
 */
export class ValidationCache {
  readonly #maxAge: number
  readonly #valid: { entries: Map<string, Entry>; max: number }
  readonly #invalid: { entries: Map<string, Entry>; max: number }
  readonly #pending = new Map<string, Promise<ValidationResult>>()
  readonly #born = Date.now()
  readonly #digest: Digest
  readonly #sharing: boolean

  /**
   * @param maxAge ms that a result is used; default 300,000, also for 0. `Infinity`: until the token expires
   * @param maxValidEntries how many valid results are kept; default 10,000, also for 0
   * @param maxInvalidEntries how many invalid ones; default 20,000, also for 0
   * @param hash names a question
   * @param sharing whether concurrent misses share one request; not in a worker, where a promise ends with its request
   * @throws {ConfigurationError} `BAD_OPTION`
   */
  constructor(
    maxAge?: number,
    maxValidEntries?: number,
    maxInvalidEntries?: number,
    hash: Digest = digest,
    sharing = true,
  ) {
    const limit = (name: keyof typeof defaults, value: unknown) => {
      if (value === undefined || value === null || value === 0) return defaults[name]
      if (typeof value === 'number' && value > 0) return value
      throw badOption(`ValidationCache: ${name} must be a number, 0 or more`)
    }
    this.#maxAge = limit('maxAge', maxAge)
    this.#valid = { entries: new Map(), max: limit('maxValidEntries', maxValidEntries) }
    this.#invalid = { entries: new Map(), max: limit('maxInvalidEntries', maxInvalidEntries) }
    this.#digest = hash
    this.#sharing = sharing
  }

  /**
   * The remembered result for `params`, or what `validate` finds now. Concurrent misses call it once.
   *
   * @param validate called with `params`; its result is returned whole, also from the cache
   */
  validateWithCache<Params extends readonly unknown[], Result extends ValidationResult>(
    validate: (...params: Params) => Promise<Result>,
    ...params: Params
  ): Promise<Result>
  // as @adobe/aio-lib-ims declares it
  validateWithCache(validate: object, ...params: string[]): Promise<object>
  async validateWithCache(
    validate: object | ((...params: unknown[]) => Promise<ValidationResult>),
    ...params: unknown[]
  ): Promise<ValidationResult> {
    if (typeof validate !== 'function') throw badOption('validateWithCache takes a function that validates')
    const hashed = this.#digest(question(params))
    const key = typeof hashed === 'string' ? hashed : await hashed
    const known = this.#known(key)
    if (known !== undefined) return known
    const under = this.#pending.get(key)
    if (under !== undefined) return under
    const asked: Promise<ValidationResult> = Promise.resolve(Reflect.apply(validate, undefined, params))
    // a flood of questions is asked all the same, and must not be remembered as well
    if (this.#sharing && this.#pending.size < fewPending) this.#pending.set(key, asked)
    try {
      const result = await asked
      if (typeof result?.status !== 'number') throw badOption('a validation must resolve to a status')
      this.#keep(result.status < 400 ? this.#valid : this.#invalid, key, result)
      return result
    } finally {
      this.#pending.delete(key)
    }
  }

  /** What is remembered for `params`, where this runtime has a synchronous digest: a hit that waits for nothing. */
  peek(...params: readonly unknown[]): ValidationResult | undefined {
    const key = this.#digest(question(params))
    return typeof key === 'string' ? this.#known(key) : undefined
  }

  #known(key: string): ValidationResult | undefined {
    return this.#find(this.#valid, key) ?? this.#find(this.#invalid, key)
  }

  #age(): number {
    return Date.now() - this.#born
  }

  #find({ entries }: { entries: Map<string, Entry> }, key: string): ValidationResult | undefined {
    const entry = entries.get(key)
    if (entry === undefined) return undefined
    if (this.#age() >= entry.until) {
      entries.delete(key)
      return undefined
    }
    entry.used = true
    return entry.result
  }

  #keep({ entries, max }: { entries: Map<string, Entry>; max: number }, key: string, result: ValidationResult): void {
    // a token does not become valid again when it ends
    const ends =
      (result.status < 400 ? (result.expiresAt ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY) - this.#born
    if (entries.size >= max) makeRoom(entries)
    entries.set(key, { result, until: Math.floor(Math.min(this.#age() + this.#maxAge, ends)), used: false })
  }
}

/** @throws {ConfigurationError} `BAD_OPTION` for what has no JSON, such as a circle */
function plain(param: unknown): string {
  try {
    return String(JSON.stringify(param))
  } catch {
    throw badOption('the parameters of a validation must be plain data')
  }
}

/** `params` as one text. The length of each stands before it, so that no two lists of them run into the same text. */
function question(params: readonly unknown[]): string {
  let text = ''
  for (const param of params) {
    const part = typeof param === 'string' ? param : plain(param)
    text += `${typeof param === 'string' ? 's' : 'j'}${part.length}:${part}`
  }
  return text
}
