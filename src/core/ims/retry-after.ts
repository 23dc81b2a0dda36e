const transient = /* @__PURE__ */ new Set([429, 500, 502, 503, 504])

/** Whether the same request may succeed later. */
export function isTransient(status: number): boolean {
  return transient.has(status)
}

/** `Retry-After` (seconds or an HTTP date, RFC 9110 section 10.2.3) in ms from `now`; `undefined` if unusable. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  // all three date formats start with the day's name; Date.parse also accepts "-5" and "1.5" as dates
  const at = /^[a-z]{3}/i.test(header.trim()) ? Date.parse(header) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
