/** A token as the relay and the context files write it: `expiry` in ms since the epoch. */
export interface RelayToken {
  readonly token: string
  readonly expiry: number
}

/** What the relay brought back: finished tokens, or a code that is still to be exchanged. */
export type RelayResult =
  | { readonly type: 'access_token'; readonly accessToken: RelayToken; readonly refreshToken?: RelayToken }
  | { readonly type: 'auth_code'; readonly code: string }

/** What a callback of the relay says: the `id` it claims to answer, and its result where it holds one. */
export interface RelayAnswer {
  readonly id: string
  readonly result: RelayResult | undefined
}

/** Reads a callback's fields. `undefined` for one that is not of the relay's form; nothing in it can make this throw. */
export function readRelayAnswer(fields: URLSearchParams): RelayAnswer | undefined {
  const names = ['code', 'code_type', 'state'] as const
  if (names.some((name) => fields.getAll(name).length > 1)) return undefined
  const state = parseObject(fields.get('state'))
  if (typeof state?.id !== 'string') return undefined
  return { id: state.id, result: readResult(fields.get('code'), fields.get('code_type')) }
}

function readResult(code: string | null, codeType: string | null): RelayResult | undefined {
  if (!code) return undefined
  if (codeType !== 'access_token') return { type: 'auth_code', code }
  const tokens = parseObject(code)
  const accessToken = readToken(tokens?.access_token)
  const refreshToken = readToken(tokens?.refresh_token)
  return accessToken && { type: 'access_token', accessToken, ...(refreshToken && { refreshToken }) }
}

function readToken(value: unknown): RelayToken | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { token, expiry } = value as Partial<Record<string, unknown>>
  const expiresAt = typeof expiry === 'string' && expiry.trim() !== '' ? Number(expiry) : expiry
  if (typeof token !== 'string' || token === '' || typeof expiresAt !== 'number') return undefined
  return Number.isFinite(expiresAt) ? { token, expiry: expiresAt } : undefined
}

function parseObject(text: string | null): Partial<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return typeof value === 'object' && value !== null ? (value as Partial<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
