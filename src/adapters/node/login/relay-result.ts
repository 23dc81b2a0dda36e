import { isObject, parseObject } from '../../../core/json.ts'

/** A token in the format of the relay and of context files: `expiry` in ms since the epoch. */
export interface RelayToken {
  readonly token: string
  readonly expiry: number
}

/** The result of the relay: tokens, or an authorization code. */
export type RelayResult =
  | { readonly type: 'access_token'; readonly accessToken: RelayToken; readonly refreshToken?: RelayToken }
  | { readonly type: 'auth_code'; readonly code: string }

/** The content of a relay callback: the `id` of the login that it claims to answer, and its result, if it has one. */
export interface RelayAnswer {
  readonly id: string
  readonly result: RelayResult | undefined
}

/** Reads the fields of a callback. Returns `undefined` if they are not in the relay's format; never throws. */
export function readRelayAnswer(fields: URLSearchParams): RelayAnswer | undefined {
  const names = ['code', 'code_type', 'state'] as const
  if (names.some((name) => fields.getAll(name).length > 1)) return undefined
  const state = parseObject(fields.get('state') ?? '')
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
  if (!isObject(value)) return undefined
  const { token, expiry } = value
  const expiresAt = typeof expiry === 'string' && expiry.trim() !== '' ? Number(expiry) : expiry
  if (typeof token !== 'string' || token === '' || typeof expiresAt !== 'number') return undefined
  return Number.isFinite(expiresAt) ? { token, expiry: expiresAt } : undefined
}
