import { digest } from '../digest.ts'
import { ConfigurationError } from '../errors.ts'
import { makeRoom } from '../make-room.ts'
import { badOption } from '../options.ts'

/** What a validation found; `status` below 400 means valid. */
export interface ValidationResult {
  readonly status: number
  /** When the token itself ends, in ms since the epoch: no result is believed longer. */
  readonly expiresAt?: number | undefined
}

const fewPending = 1000

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
   * @param maxAge ms that a result is believed
   * @param maxValidEntries how many valid results are kept
   * @param maxInvalidEntries how many invalid ones
   * @param hash names a question
   * @param sharing whether concurrent misses share one request; not in a worker, where a promise ends with its request
   * @throws {ConfigurationError} `BAD_OPTION`
   */
  constructor(
    maxAge: number,
    maxValidEntries: number,
    maxInvalidEntries: number,
    hash: Digest = digest,
    sharing = true,
  ) {
    for (const [name, value] of Object.entries({ maxAge, maxValidEntries, maxInvalidEntries })) {
      if (typeof value === 'number' && value > 0) continue
      throw new ConfigurationError('BAD_OPTION', `ValidationCache: ${name} must be a number above 0`)
    }
    this.#maxAge = maxAge
    this.#valid = { entries: new Map(), max: maxValidEntries }
    this.#invalid = { entries: new Map(), max: maxInvalidEntries }
    this.#digest = hash
    this.#sharing = sharing
  }

  /**
   * The remembered result for `params`, or what `validate` finds now. Concurrent misses call it once.
   *
   * @param validate called with `params`; its result is returned whole, also from the cache
   */
  async validateWithCache<Params extends readonly unknown[], Result extends ValidationResult>(
    validate: (...params: Params) => Promise<Result>,
    ...params: Params
  ): Promise<Result> {
    if (typeof validate !== 'function') throw badOption('validateWithCache takes a function that validates')
    const hashed = this.#digest(question(params))
    const key = typeof hashed === 'string' ? hashed : await hashed
    const known = this.#known(key)
    if (known !== undefined) return known as Result
    const under = this.#pending.get(key)
    if (under !== undefined) return under as Promise<Result>
    const asked = validate(...params)
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
