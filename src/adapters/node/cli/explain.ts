import { claimsOf, expiryOf, getTokenHeader, type TokenClaims } from '../../../core/ims/decode-token.ts'
import { foreignHost } from '../../../core/ims/host.ts'
import { scopesOf } from '../../../core/ims/tokens.ts'
import { printable } from '../printable.ts'
import type { Run } from './command.ts'
import { colored, formatDuration, formatTime, printResult } from './output.ts'
import { type TokenWithIms, tokenWithIms } from './subject.ts'

/** A token in plain English, and what is wrong or missing. */
export interface Explanation {
  readonly kind: string
  readonly facts: readonly (readonly [string, string])[]
  readonly missing: readonly string[]
}

const kindNames: Readonly<Record<string, string>> = {
  access_token: 'an access token, which is sent to APIs as a bearer token',
  refresh_token: 'a refresh token, which obtains new access tokens; APIs reject it',
  authorization_code: 'an authorization code, which is redeemed once for tokens; APIs reject it',
  id_token: 'an ID token, which tells an app who signed in; APIs reject it',
  service_token: 'a service token',
}

/** `imskit explain`. */
export const explainCommand: Run = async ({ args, values }) => {
  const subject = await tokenWithIms(args[0], values)
  const found = explanationOf(subject, Date.now())
  printResult({ kind: found.kind, ...Object.fromEntries(found.facts), missing: found.missing }, values.json, () =>
    [
      `This is ${printable(found.kind)}.`,
      '',
      ...found.facts.map(([name, words]) => `  ${colored('bold', name.padEnd(13))} ${printable(words)}`),
      ...(found.missing.length === 0
        ? []
        : ['', ...found.missing.map((line) => `  ${colored('yellow', '!')} ${printable(line)}`)]),
      '',
      colored('dim', 'These claims are not verified: anyone can write them. To ask IMS, run: imskit validate'),
    ].join('\n'),
  )
  return 0
}

export function explanationOf(
  { token, ims, context }: Pick<TokenWithIms, 'token' | 'ims' | 'context'>,
  now: number,
): Explanation {
  const claims = claimsOf(token)
  if (claims === undefined) {
    const opaque = 'Its content cannot be read here. To ask IMS, run: imskit validate'
    return { kind: 'an opaque token, or text that is not a token', facts: [], missing: [opaque] }
  }
  const type = claims.type ?? (claims.nonce !== undefined || claims.at_hash !== undefined ? 'id_token' : undefined)
  const kind = kindNames[type ?? ''] ?? (type === undefined ? 'a token without a type' : `a token of type ${type}`)
  return {
    kind,
    facts: factsOf(claims, getTokenHeader(token).kid, now),
    missing: faultsOf(claims, type, { now, endpoint: ims.endpoint, context }),
  }
}

function factsOf(claims: TokenClaims, kid: string | undefined, now: number): (readonly [string, string])[] {
  const owner = claims.user_id ?? claims.sub
  const machine = owner?.endsWith('@techacct.adobe.com') ? ' (a technical account, not a user)' : ''
  const scopes = scopesOf(claims.scope)
  const ends = expiryOf(claims)
  const created = Number(claims.created_at) || (claims.iat ?? 0) * 1000
  // the emulator says that it is ims-na1 as well, but its keys have other names
  const environment = /^ims/.test(String(kid))
    ? { 'ims-na1': 'production', 'ims-na1-stg1': 'stage' }[claims.as ?? '']
    : 'its key is not one of Adobe; the emulator signs like that'
  const { org } = claims
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['user', owner === undefined ? undefined : `${owner}${machine}`],
    ['client', claims.client_id ?? (claims.aud === undefined ? undefined : String(claims.aud))],
    ['organization', typeof org === 'string' ? org : undefined],
    ['scopes', scopes === undefined ? undefined : scopes.join(', ') || 'none'],
    ['issued by', claims.as === undefined ? claims.iss : `${claims.as}${environment ? ` (${environment})` : ''}`],
    ['issued', created > 0 ? formatTime(created, now) : undefined],
    ['expires', ends === undefined ? undefined : formatTime(ends, now)],
  ]
  return facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined)
}

interface Place {
  readonly now: number
  readonly endpoint: string
  readonly context: TokenWithIms['context'] | undefined
}

function faultsOf(claims: TokenClaims, type: string | undefined, { now, endpoint, context }: Place): string[] {
  const faults: string[] = []
  const ends = expiryOf(claims)
  if (type !== 'access_token')
    faults.push('It is not an access token, so APIs reject it. To get one, run: imskit token')
  if (ends === undefined) faults.push('It does not contain an expiry (neither created_at with expires_in, nor exp).')
  else if (ends <= now) faults.push(`It expired ${formatDuration(now - ends)} ago. To get a new one, run: imskit token`)
  else if (ends - now < 600_000)
    faults.push(`It expires in ${formatDuration(ends - now)}. To renew it, run: imskit refresh`)
  if (claims.client_id === undefined && type !== 'id_token') faults.push('It does not name a client (client_id).')
  if (claims.user_id === undefined && claims.sub === undefined) faults.push('It does not name a user (user_id).')
  if (claims.scope === undefined && type === 'access_token') faults.push('It does not name scopes (scope).')
  const issuer = foreignHost(claims, endpoint)
  if (issuer !== undefined)
    faults.push(`It is for another environment: ${issuer} issued it, but ${endpoint} is configured.`)
  const own = context?.data.client_id
  if (typeof own === 'string' && claims.client_id !== undefined && claims.client_id !== own)
    faults.push(`It is for the client ${claims.client_id}, but context '${context?.name}' has the client ${own}.`)
  return faults
}
