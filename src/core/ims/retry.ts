/** How often and how soon a failed request is sent again. Delays in ms. */
export interface RetryPolicy {
  /** Further attempts after the first; 0 for none. Default 3. */
  readonly retries: number
  /** Upper bound of the first back-off, doubled with each attempt. Default 500. */
  readonly baseDelay: number
  /** Upper bound of every back-off. Default 8,000. */
  readonly maxDelay: number
  /** After a longer `Retry-After` there is no further attempt, and the error carries it as `retryAfter`. Default 30,000. */
  readonly maxRetryAfter: number
}

export const defaultRetry: RetryPolicy = { retries: 3, baseDelay: 500, maxDelay: 8_000, maxRetryAfter: 30_000 }

/** Exponential back-off with full jitter: anywhere between 0 and the bound, so that clients do not retry in step. */
export function backOff(policy: RetryPolicy, attempt: number): number {
  const bound = Math.min(policy.maxDelay, policy.baseDelay * 2 ** (attempt - 1))
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1))
  return Math.round((bound * random) / 0xffff_ffff)
}
