import { isObject } from '../json.ts'
import type { Json } from '../ports.ts'
import { REDACTED, showAs } from '../redact.ts'

/** What a flow obtained and a store keeps. Times in ms since the epoch by our own clock. */
export interface Tokens {
  readonly accessToken: string
  readonly expiresAt: number
  /** Absent where the token was stored by someone who did not say. */
  readonly obtainedAt?: number
  readonly refreshToken?: string
  readonly refreshExpiresAt?: number
  /** What was granted, where the server or the token says. */
  readonly scopes?: readonly string[]
  /** Validated claims of the id token of the login. */
  readonly claims?: { readonly [claim: string]: Json }
}

/** A scope list as IMS writes it (commas) or as RFC 6749 does (spaces); `undefined` where there is none. */
export function scopesOf(value: unknown): string[] | undefined {
  if (typeof value !== 'string') return undefined
  const scopes = value.split(/[\s,]+/).filter((scope) => scope !== '')
  return scopes.length > 0 ? scopes : undefined
}

/** Stored JSON as tokens; `undefined` for anything else, as what is stored may have been written by anyone. */
export function parseTokens(stored: Json | undefined): Tokens | undefined {
  if (!isObject(stored)) return undefined
  const { accessToken, refreshToken, scopes, claims } = stored
  const expiresAt = finite(stored.expiresAt)
  if (typeof accessToken !== 'string' || expiresAt === undefined) return undefined
  // an empty access token: all that is left is the refresh token
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

/** `tokens` with the validated claims of their id token. */
export function withClaims(tokens: Tokens, claims: NonNullable<Tokens['claims']>): Tokens {
  return showTokens({ ...tokens, claims })
}

/** `tokens`, shown without what they are. */
export function showTokens(tokens: Tokens): Tokens {
  const { refreshToken, ...rest } = tokens
  return showAs(tokens, () => ({ ...rest, accessToken: REDACTED, ...(refreshToken && { refreshToken: REDACTED }) }))
}

/** Until when a store should keep `tokens`; `undefined`: until told otherwise. */
export function keepUntil(tokens: Tokens): number | undefined {
  if (tokens.refreshToken === undefined) return tokens.expiresAt
  return tokens.refreshExpiresAt === undefined ? undefined : Math.max(tokens.expiresAt, tokens.refreshExpiresAt)
}
