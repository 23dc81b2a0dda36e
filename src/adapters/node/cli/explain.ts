import { claimsOf, expiryOf, type TokenClaims } from '../../../core/ims/decode-token.ts'
import { foreignHost } from '../../../core/ims/host.ts'
import { scopesOf } from '../../../core/ims/tokens.ts'
import { printable } from '../printable.ts'
import type { Run } from './command.ts'
import { colored, formatDuration, formatTime, printResult } from './output.ts'
import { type TokenWithIms, tokenWithIms } from './subject.ts'

/** A token in plain words, and what is wrong or missing. */
export interface Explanation {
  readonly kind: string
  readonly facts: readonly (readonly [string, string])[]
  readonly missing: readonly string[]
}

const kindNames: Readonly<Record<string, string>> = {
  access_token: 'an access token: it is sent to APIs as a bearer token',
  refresh_token: 'a refresh token: it gets new access tokens, and no API takes it',
  authorization_code: 'an authorization code: it is redeemed once, for tokens, and no API takes it',
  id_token: 'an ID token: it tells an application who signed in, and no API takes it',
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
      colored('dim', 'Nothing here is verified: anyone can write such claims. Ask IMS with: imskit validate'),
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
    const opaque = 'it is opaque: what it is only IMS can tell; ask with: imskit validate'
    return { kind: 'an opaque token, or no token at all', facts: [], missing: [opaque] }
  }
  const type = claims.type ?? (claims.nonce !== undefined || claims.at_hash !== undefined ? 'id_token' : undefined)
  const kind =
    kindNames[type ?? ''] ??
    (type === undefined ? 'a token that does not say of what type it is' : `a token of type ${type}`)
  return {
    kind,
    facts: factsOf(claims, now),
    missing: faultsOf(claims, type, { now, endpoint: ims.endpoint, context }),
  }
}

function factsOf(claims: TokenClaims, now: number): (readonly [string, string])[] {
  const owner = claims.user_id ?? claims.sub
  const machine = owner?.endsWith('@techacct.adobe.com') ? ' (a technical account, no person)' : ''
  const scopes = scopesOf(claims.scope)
  const ends = expiryOf(claims)
  const created = Number(claims.created_at) || (claims.iat ?? 0) * 1000
  const environment = { 'ims-na1': 'production', 'ims-na1-stg1': 'stage' }[claims.as ?? '']
  const { org } = claims
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['whose', owner === undefined ? undefined : `${owner}${machine}`],
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
  if (type !== 'access_token') faults.push('it is no access token: APIs refuse it; get one with: imskit token')
  if (ends === undefined) faults.push('it does not say when it ends (neither created_at with expires_in, nor exp)')
  else if (ends <= now) faults.push(`it expired ${formatDuration(now - ends)} ago; get a new one with: imskit token`)
  else if (ends - now < 600_000)
    faults.push(`it expires in ${formatDuration(ends - now)}; renew it with: imskit refresh`)
  if (claims.client_id === undefined && type !== 'id_token') faults.push('it names no client (client_id)')
  if (claims.user_id === undefined && claims.sub === undefined) faults.push('it names no owner (user_id)')
  if (claims.scope === undefined && type === 'access_token') faults.push('it names no scopes (scope)')
  const issuer = foreignHost(claims, endpoint)
  if (issuer !== undefined)
    faults.push(`it is of another environment: ${issuer} issued it, and ${endpoint} is configured`)
  const own = context?.data.client_id
  if (typeof own === 'string' && claims.client_id !== undefined && claims.client_id !== own)
    faults.push(`it is for client ${claims.client_id}, and context '${context?.name}' is of client ${own}`)
  return faults
}
