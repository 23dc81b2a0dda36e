import type { FaultOptions, Faults } from '../http/faults.ts'
import type { Journal } from '../http/journal.ts'
import type { Provider } from '../provider.ts'
import type { EmulatorContexts } from '../ready-made.ts'
import type { IssuedToken } from '../tokens/token-ledger.ts'

/** The data of the page at `/`. */
export interface Overview {
  readonly provider: Provider
  readonly contexts: EmulatorContexts
  readonly journal: Journal
  readonly faults: Faults
  /** A name for a token, which is not the token. */
  readonly nameOf: (token: IssuedToken) => string
}

/** The number of tokens and of requests that the page shows. */
export const shownEntries = 20

/** Faults for the next token request, by the label of their button. */
export const presets: Readonly<Record<string, Omit<FaultOptions, 'path'>>> = {
  'Unavailable (503)': { status: 503 },
  'Too many requests (429, retry after 2 s)': { status: 429, headers: { 'retry-after': '2' } },
  'Rejected (invalid_grant)': { status: 400, body: { error: 'invalid_grant' } },
  'An HTML page': { status: 502, body: '<html>Bad gateway</html>', headers: { 'content-type': 'text/html' } },
  'Delay of 10 seconds': { delay: 10_000 },
  'Lost answer': { drop: 'after' },
}
