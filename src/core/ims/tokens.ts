import { isObject } from '../json.ts'
import type { Json } from '../ports.ts'
import { REDACTED, showAs } from '../redact.ts'

/** What a flow obtained and a store holds. Times in ms since the epoch, by the local clock. */
export interface Tokens {
  readonly accessToken: string
  readonly expiresAt: number
  /** Absent if another program stored the token without it. */
  readonly obtainedAt?: number
  readonly refreshToken?: string
  readonly refreshExpiresAt?: number
  /** The granted scopes, if the server or the token names them. */
  readonly scopes?: readonly string[]
  /** Validated claims of the ID token of the login. */
  readonly claims?: { readonly [claim: string]: Json }
}

/** A scope list as IMS writes it (commas) or as RFC 6749 does (spaces); `undefined` if it is missing or empty. */
export function scopesOf(value: unknown): string[] | undefined {
  if (typeof value !== 'string') return undefined
  const scopes = value.split(/[\s,]+/).filter((scope) => scope !== '')
  return scopes.length > 0 ? scopes : undefined
}

/** Stored JSON as tokens; `undefined` for anything else: other programs may write to the store. */
export function parseTokens(stored: Json | undefined): Tokens | undefined {
  if (!isObject(stored)) return undefined
  const { accessToken, refreshToken, scopes, claims } = stored
  const expiresAt = finite(stored.expiresAt)
  if (typeof accessToken !== 'string' || expiresAt === undefined) return undefined
  // an empty access token means that only the refresh token is left
  if (accessToken === '' && (typeof refreshToken !== 'string' || expiresAt > 0)) return undefined
  const obtainedAt = finite(stored.obtainedAt)
  const refreshExpiresAt = finite(stored.refreshExpiresAt)
  return showTokens({
    accessToken,
    expiresAt,
    ...(obtainedAt !== undefined && { obtainedAt }),
    ...(typeof refreshToken === 'string' && refreshToken !== '' && { refreshToken }),
    ...(refreshExpiresAt !== undefined && { refreshExpiresAt }),
    ...(Array.isArray(scopes) && { scopes: scopes.filter((scope): scope is string => typeof scope === 'string') }),
    ...(isObject(claims) && { claims: claims as { [claim: string]: Json } }),
  })
}

function finite(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** `tokens` with the validated claims of their ID token. */
export function withClaims(tokens: Tokens, claims: NonNullable<Tokens['claims']>): Tokens {
  return showTokens({ ...tokens, claims })
}

/** `tokens`, redacted when they are printed. */
export function showTokens(tokens: Tokens): Tokens {
  const { refreshToken, ...rest } = tokens
  return showAs(tokens, () => ({ ...rest, accessToken: REDACTED, ...(refreshToken && { refreshToken: REDACTED }) }))
}

/** When a store may drop `tokens`, in ms since the epoch; `undefined` if never by itself. */
export function keepUntil(tokens: Tokens): number | undefined {
  if (tokens.refreshToken === undefined) return tokens.expiresAt
  return tokens.refreshExpiresAt === undefined ? undefined : Math.max(tokens.expiresAt, tokens.refreshExpiresAt)
}
