import { type Digest, digest } from '../digest.ts'
import { makeRoom } from '../make-room.ts'
import { badOption } from '../options.ts'
import type { Untyped } from './untyped.ts'

/** The result of a validation; `status` below 400 means valid. */
export interface ValidationResult {
  readonly status: number
  /** When the token itself expires, in ms since the epoch: a result is not used longer. */
  readonly expiresAt?: number | undefined
}

/** A cache for `Ims`: {@link ValidationCache}, or your own. */
export interface ValidationCacheLike {
  /**
   * Resolves to what `validate` resolves to, now or at an earlier call with equal `params`: the token, the client id or
   * the allow list, the endpoint, and the kind of validation. A `status` below 400 means valid.
   */
  validateWithCache(validate: (...params: Untyped[]) => Promise<Untyped>, ...params: Untyped[]): Promise<Untyped>
  /** The cached result, if it is available without waiting. */
  peek?(...params: Untyped[]): Untyped
}

const maxPending = 1000
// the values in the README of @adobe/aio-lib-ims
const defaults = { maxAge: 300_000, maxValidEntries: 10_000, maxInvalidEntries: 20_000 }

interface Entry {
  readonly result: ValidationResult
  /** ms since the cache was made: a small integer takes no memory of its own. */
  readonly until: number
  /** Whether it was used since it was last considered for eviction. */
  used: boolean
}

/**
 * Caches the results of validations. Valid and invalid results are stored separately, so that a flood of invalid tokens
 * does not evict valid ones; the least recently used result is evicted first. Keys are digests, never tokens.
 *
 * @example new Ims('prod', new ValidationCache(60_000, 1000, 1000))
 */
export class ValidationCache {
  readonly #maxAge: number
  readonly #valid: { entries: Map<string, Entry>; max: number }
  readonly #invalid: { entries: Map<string, Entry>; max: number }
  readonly #pending = new Map<string, Promise<ValidationResult>>()
  readonly #born = Date.now()
  readonly #digest: Digest
  readonly #sharing: boolean
  #last = restOf([])
  /** Whether the digest was synchronous when it was last computed. */
  #synchronous = false

  /**
   * @param maxAge ms that a result is used; default 300,000, also for 0. `Infinity`: until the token expires
   * @param maxValidEntries the limit of valid results; default 10,000, also for 0
   * @param maxInvalidEntries the limit of invalid results; default 20,000, also for 0
   * @param hash the digest of a key
   * @param sharing whether concurrent misses share one request; not in a worker, whose requests cannot await each other
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
   * The cached result for `params`, or what `validate` resolves to. Concurrent misses call it once.
   *
   * @param validate called with `params`; its result is returned unchanged, also from the cache
   * @param params the token first: the others stay in memory until they are others
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
    if (typeof validate !== 'function') throw badOption('validateWithCache needs a function that validates')
    const hashed = this.#digest(this.#question(params))
    this.#synchronous = typeof hashed === 'string'
    const key = typeof hashed === 'string' ? hashed : await hashed
    const known = this.#known(key)
    if (known !== undefined) return known
    const pending = this.#pending.get(key)
    if (pending !== undefined) return pending
    const validation: Promise<ValidationResult> = Promise.resolve(Reflect.apply(validate, undefined, params))
    // in a flood of new tokens, further requests are not shared, so that memory stays bounded
    if (this.#sharing && this.#pending.size < maxPending) this.#pending.set(key, validation)
    try {
      const result = await validation
      if (typeof result?.status !== 'number') throw badOption('A validation must resolve to an object with a status')
      this.#store(result.status < 400 ? this.#valid : this.#invalid, key, result)
      return result
    } finally {
      this.#pending.delete(key)
    }
  }

  /** The cached result for `params`, without waiting, if the runtime has a synchronous digest. */
  peek(...params: readonly unknown[]): ValidationResult | undefined {
    if (!this.#synchronous) return undefined
    const key = this.#digest(this.#question(params))
    return typeof key === 'string' ? this.#known(key) : undefined
  }

  /** `params` as one text, so that different lists never have the same text. */
  #question(params: readonly unknown[]): string {
    if (!isRest(params, this.#last)) this.#last = restOf(params)
    const [first] = params
    return typeof first === 'string' ? this.#last.text + first : `j${this.#last.text}${plain(first)}`
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

  #store({ entries, max }: { entries: Map<string, Entry>; max: number }, key: string, result: ValidationResult): void {
    // an invalid token does not become valid when it expires
    const expiresAt =
      (result.status < 400 ? (result.expiresAt ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY) - this.#born
    if (entries.size >= max) makeRoom(entries)
    entries.set(key, { result, until: Math.floor(Math.min(this.#age() + this.#maxAge, expiresAt)), used: false })
  }
}

/** @throws {ConfigurationError} `BAD_OPTION` for a value that has no JSON, such as a circular one */
function plain(param: unknown): string {
  try {
    return String(JSON.stringify(param))
  } catch {
    throw badOption('The parameters of a validation must be plain data')
  }
}

/** What follows the token in a list of parameters, as text: the same for many tokens. */
interface Rest {
  readonly params: readonly unknown[]
  readonly text: string
}

/** Each part has its length before it. Arrays are copied, to notice their changes. */
function restOf(params: readonly unknown[]): Rest {
  let text = String(params.length)
  for (const param of params.slice(1)) {
    const part = typeof param === 'string' ? param : plain(param)
    text += `${typeof param === 'string' ? 's' : 'j'}${part.length}:${part}`
  }
  const copies = params.map((param) => (Array.isArray(param) ? [...param] : param))
  // the token must not stay in memory
  return { params: copies.fill(undefined, 0, 1), text: `${text}:` }
}

/** Whether `known` is the text of `params`. Only plain values and arrays of strings are compared. */
function isRest(params: readonly unknown[], known: Rest): boolean {
  if (params.length !== known.params.length) return false
  for (let at = 1; at < params.length; at++) if (!isSame(params[at], known.params[at])) return false
  return true
}

function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || one === null) return one === other
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (typeof one[at] !== 'string' || one[at] !== other[at]) return false
  return true
}
