import type { TokenInvalidReason } from '../errors.ts'
import type { TokenClaims } from '../ims/decode-token.ts'
import { issuingHost } from '../ims/host.ts'
import { sharedIssuersOf } from '../ims/issuers.ts'
import { scopesOf } from '../ims/tokens.ts'
import { badOption, checkOptions, type OptionNames } from '../options.ts'

export interface VerifyTokenOptions {
  /** The client that the token must be for. */
  readonly clientId?: string
  /** The clients that the token may be for. */
  readonly allowList?: readonly string[]
  /** Scopes that the token must have, all of them. */
  readonly scopes?: readonly string[]
  /**
   * The issuer that the token must name, by `iss` or by IMS's `as`, such as `https://ims-na1.adobelogin.com`. For another
   * host of an environment of Adobe's, a token may name that environment's issuer instead.
   */
  readonly issuer?: string
  /** How far the local clock and IMS's may be apart, in ms: default 30,000, at most 300,000. */
  readonly clockTolerance?: number
}

/** What may be asked of a token, by name. */
export const verifyOptions: OptionNames<VerifyTokenOptions> = {
  clientId: 'string',
  allowList: 1,
  scopes: 1,
  issuer: 'string',
  clockTolerance: 1,
}

/** @throws {ConfigurationError} `BAD_OPTION` */
export function checkVerifyOptions(options: VerifyTokenOptions): void {
  checkOptions('verifyToken', options, verifyOptions)
  const { allowList, scopes, clockTolerance = 0 } = options
  requireTexts('allowList', allowList)
  requireTexts('scopes', scopes)
  if (typeof clockTolerance === 'number' && clockTolerance >= 0 && clockTolerance <= 300_000) return
  throw badOption('clockTolerance must be between 0 and 300000 milliseconds')
}

/** Text would match parts of itself. */
function requireTexts(name: string, list: unknown): void {
  if (list === undefined || (Array.isArray(list) && list.every((item) => typeof item === 'string'))) return
  throw badOption(`${name} must be an array of strings`)
}

/** The first rule that `claims`, which are proven, break at `now` (ms since the epoch, by the local clock). */
export function claimsFault(
  claims: TokenClaims,
  { clientId, allowList, scopes = [], issuer, clockTolerance: tolerance = 30_000 }: VerifyTokenOptions,
  now: number,
): TokenInvalidReason | undefined {
  if (claims.type !== 'access_token') return 'type'
  const times = validityOf(claims)
  if (times === undefined) return 'malformed'
  if (times.until + tolerance <= now) return 'expired'
  if (times.from - tolerance > now) return 'not_yet_valid'
  if (issuer !== undefined && !isIssuedBy(claims, issuer)) return 'issuer'
  if (clientId !== undefined && claims.client_id !== clientId) return 'client'
  if (allowList !== undefined && !(claims.client_id && allowList.includes(claims.client_id))) return 'client'
  const granted = scopesOf(claims.scope) ?? []
  return scopes.every((scope) => granted.includes(scope)) ? undefined : 'scope'
}

function isIssuedBy(claims: TokenClaims, issuer: string): boolean {
  const named = issuerOf(claims)
  return named === issuer || sharedIssuersOf(issuer).some((shared) => shared === named)
}

function issuerOf({ iss, as }: Readonly<Record<string, unknown>>): unknown {
  return iss ?? issuingHost({ as })
}

// the last time that a Date can have
const lastTime = 8_640_000_000_000_000

/** From when until when a token is valid, in ms; `undefined` if a time is nonsense or the token would never expire. */
function validityOf(claims: Readonly<Record<string, unknown>>): { from: number; until: number } | undefined {
  const created = milliseconds(claims.created_at)
  const expiresIn = milliseconds(claims.expires_in)
  const [exp, iat, nbf] = [seconds(claims.exp), seconds(claims.iat), seconds(claims.nbf)]
  const none = Number.POSITIVE_INFINITY
  const until = Math.min((created ?? none) + (expiresIn ?? none), exp ?? none)
  const from = Math.max(created ?? 0, iat ?? 0, nbf ?? 0)
  // nothing compares with NaN
  return until <= lastTime && from >= 0 ? { from, until } : undefined
}

/** A time or duration as IMS writes it, decimal digits; `NaN` for anything else that is there. */
function milliseconds(value: unknown): number | undefined {
  if (value === undefined) return undefined
  const digits = typeof value === 'number' ? String(value) : value
  return typeof digits === 'string' && /^\d{1,16}$/.test(digits) ? aTime(Number(digits)) : Number.NaN
}

/** A NumericDate (RFC 7519, section 2) in ms; `NaN` for anything else that is there. */
function seconds(value: unknown): number | undefined {
  if (value === undefined) return undefined
  return typeof value === 'number' ? aTime(value * 1000) : Number.NaN
}

const aTime = (ms: number) => (ms >= 0 && ms <= lastTime ? ms : Number.NaN)
