import type { Json } from '../ports.ts'
import { REDACTED, showAs } from '../redact.ts'
import { type Call, serverNow } from './call.ts'
import { claimsOf, expiryOf } from './decode-token.ts'

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

/** The members of a token response that matter here (RFC 6749, section 5.1). */
export interface TokenResponse {
  readonly access_token: string
  readonly expires_in?: unknown
  readonly refresh_token?: unknown
  readonly scope?: unknown
}

const longest = 366 * 24 * 3_600_000
/** For an opaque token whose response does not say how long it lives. */
const unknownLifetime = 10 * 60_000

/**
 * The wire's tokens as ours. Expiry comes from `expires_in` in the unit of that endpoint, from the claims only where
 * the response says nothing.
 *
 * @returns `undefined` where `expires_in` is no positive number
 */
export function tokensFrom(call: Call, response: TokenResponse, unit: 's' | 'ms'): Tokens | undefined {
  const obtainedAt = call.clock.now()
  const lifetime = lifetimeOf(call, response, unit)
  if (lifetime === undefined) return undefined
  const { access_token: accessToken, refresh_token: refreshToken } = response
  const scopes = scopesOf(response.scope) ?? scopesOf(claimsOf(accessToken)?.scope)
  return showTokens({
    accessToken,
    expiresAt: obtainedAt + Math.min(lifetime, longest),
    obtainedAt,
    ...(typeof refreshToken === 'string' && refreshToken !== '' && refreshFields(call, refreshToken)),
    ...(scopes && { scopes }),
  })
}

function lifetimeOf(call: Call, { access_token, expires_in }: TokenResponse, unit: 's' | 'ms'): number | undefined {
  if (expires_in === undefined || expires_in === null) {
    const ends = expiryOf(claimsOf(access_token))
    return ends === undefined ? unknownLifetime : Math.max(0, ends - serverNow(call))
  }
  const said = typeof expires_in === 'string' && expires_in.trim() !== '' ? Number(expires_in) : expires_in
  if (typeof said !== 'number' || !Number.isFinite(said) || said <= 0) return undefined
  return unit === 's' ? said * 1000 : said
}

function refreshFields(call: Call, refreshToken: string): Pick<Tokens, 'refreshToken' | 'refreshExpiresAt'> {
  const ends = expiryOf(claimsOf(refreshToken))
  return { refreshToken, ...(ends !== undefined && { refreshExpiresAt: ends - call.skew.ms }) }
}

/** A scope list as IMS writes it (commas) or as RFC 6749 does (spaces); `undefined` where there is none. */
export function scopesOf(value: unknown): string[] | undefined {
  if (typeof value !== 'string') return undefined
  const scopes = value.split(/[\s,]+/).filter((scope) => scope !== '')
  return scopes.length > 0 ? scopes : undefined
}

/** Stored JSON as tokens; `undefined` for anything else, as what is stored may have been written by anyone. */
export function parseTokens(stored: Json | undefined): Tokens | undefined {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return undefined
  const from = stored as { readonly [key: string]: Json | undefined }
  const { accessToken, refreshToken, scopes, claims } = from
  const expiresAt = finite(from.expiresAt)
  if (typeof accessToken !== 'string' || expiresAt === undefined) return undefined
  // an empty access token: all that is left is the refresh token
  if (accessToken === '' && (typeof refreshToken !== 'string' || expiresAt > 0)) return undefined
  const obtainedAt = finite(from.obtainedAt)
  const refreshExpiresAt = finite(from.refreshExpiresAt)
  return showTokens({
    accessToken,
    expiresAt,
    ...(obtainedAt !== undefined && { obtainedAt }),
    ...(typeof refreshToken === 'string' && refreshToken !== '' && { refreshToken }),
    ...(refreshExpiresAt !== undefined && { refreshExpiresAt }),
    ...(Array.isArray(scopes) && { scopes: scopes.filter((scope): scope is string => typeof scope === 'string') }),
    ...(typeof claims === 'object' &&
      claims !== null &&
      !Array.isArray(claims) && { claims: claims as { [claim: string]: Json } }),
  })
}

function finite(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** `tokens` with the validated claims of their id token. */
export function withClaims(tokens: Tokens, claims: NonNullable<Tokens['claims']>): Tokens {
  return showTokens({ ...tokens, claims })
}

function showTokens(tokens: Tokens): Tokens {
  const { refreshToken, ...rest } = tokens
  return showAs(tokens, () => ({ ...rest, accessToken: REDACTED, ...(refreshToken && { refreshToken: REDACTED }) }))
}

/** Until when a store should keep `tokens`; `undefined`: until told otherwise. */
export function keepUntil(tokens: Tokens): number | undefined {
  if (tokens.refreshToken === undefined) return tokens.expiresAt
  return tokens.refreshExpiresAt === undefined ? undefined : Math.max(tokens.expiresAt, tokens.refreshExpiresAt)
}
