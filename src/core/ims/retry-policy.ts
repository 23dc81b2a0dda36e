/** How often and how patiently a failed request is sent again. Delays in ms. */
export interface RetryPolicy {
  /** Further attempts after the first; 0 for none. Default 3. */
  readonly retries: number
  /** Upper end of the first back-off, doubled each time. Default 500. */
  readonly baseDelay: number
  /** No single back-off is longer. Default 8,000. */
  readonly maxDelay: number
  /** A longer `Retry-After` ends the attempts; the error then carries it. Default 30,000. */
  readonly maxRetryAfter: number
}

export const defaultRetry: RetryPolicy = { retries: 3, baseDelay: 500, maxDelay: 8_000, maxRetryAfter: 30_000 }
