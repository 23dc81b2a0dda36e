/** What the network or the server does to one token request. */
export type WireFault =
  /** before the server has seen it */
  | 'reset-before'
  | 'status-429'
  | 'status-500'
  | 'status-503'
  | 'html-before'
  | 'slow-before'
  /** after the server has consumed the refresh token */
  | 'slow-after'
  | 'reset-after'
  | 'truncated'
  | 'html-after'

export type Rates = { readonly [Fault in WireFault]?: number }

/** Faults that destroy no answer: the refresh token is not consumed, or the answer comes, if late. */
export const harmless: Rates = {
  'reset-before': 0.05,
  'status-429': 0.03,
  'status-500': 0.04,
  'status-503': 0.04,
  'html-before': 0.04,
  'slow-before': 0.06,
  'slow-after': 0.06,
}

/** The same, and faults after which nobody has the successor. */
export const destroying: Rates = { ...harmless, 'reset-after': 0.02, truncated: 0.02, 'html-after': 0.01 }

export function pickFault(rates: Rates): WireFault | undefined {
  let left = Math.random()
  for (const [fault, rate] of Object.entries(rates)) {
    left -= rate
    if (left < 0) return fault as WireFault
  }
  return undefined
}

/** ms; below the 30 s that an attempt may take */
export const slowness = () => 300 + Math.random() ** 3 * 12_000

/** What an intermediary or a server in trouble answers in place of the server. */
export function replacement(fault: WireFault | undefined) {
  const html = { 'content-type': 'text/html' }
  const text = { 'content-type': 'application/json' }
  if (fault === 'status-500') return { status: 500, headers: text, body: '{"error":"server_error"}' }
  if (fault === 'status-503') return { status: 503, headers: { ...text, 'retry-after': '1' }, body: '{}' }
  if (fault === 'status-429') return { status: 429, headers: { ...text, 'retry-after': '1' }, body: '{}' }
  if (fault === 'html-before') return { status: 403, headers: html, body: '<html><p>Blocked by a proxy</p></html>' }
  if (fault === 'html-after') return { status: 200, headers: html, body: '<html><p>Sign in to this network</p></html>' }
  return undefined
}
