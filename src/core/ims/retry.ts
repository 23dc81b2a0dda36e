import type { RetryPolicy } from './retry-policy.ts'

const transient = /* @__PURE__ */ new Set([429, 500, 502, 503, 504])

/** Whether the same request may do better later. */
export function isTransient(status: number): boolean {
  return transient.has(status)
}

/** Exponential back-off with full jitter: anywhere between 0 and the bound, so that clients do not march in step. */
export function backOff(policy: RetryPolicy, attempt: number): number {
  const bound = Math.min(policy.maxDelay, policy.baseDelay * 2 ** (attempt - 1))
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1))
  return Math.round((bound * random) / 0xffff_ffff)
}

/** `Retry-After` (seconds or an HTTP date, RFC 9110 section 10.2.3) in ms from `now`; `undefined` where unusable. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  // all three date forms begin with the day's name; Date.parse takes "-5" and "1.5" for dates too
  const at = /^[a-z]{3}/i.test(header.trim()) ? Date.parse(header) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
