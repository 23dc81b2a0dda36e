import type { IssuedToken } from './token-ledger.ts'
import { inlinedProfile } from './user-claims.ts'

/** The tokens that a grant issues. */
export interface Issued {
  readonly access: IssuedToken
  readonly refresh?: IssuedToken | undefined
  readonly idToken?: string | undefined
}

// IMS reports slightly less than the lifetime
const elapsed = 15

/** `expires_in` in the unit of the endpoint: ms in the oldest version, seconds since v2. */
export function reportedLifetime(token: IssuedToken, version: number): number {
  const left = Math.max(token.expiresIn - elapsed, 0)
  return version < 2 ? left : Math.floor(left / 1000)
}

function subjectFields({ access }: Issued, version: number): Record<string, unknown> {
  const { subject } = access.authorization
  if (subject.kind !== 'user') return {}
  if (version < 2) return inlinedProfile(subject, access.scopes)
  if (version === 2) return { userId: subject.userId }
  return version === 3 ? { sub: subject.userId } : {}
}

/** The answer of a token endpoint, in the format of its version. */
export function tokenResponse(issued: Issued, version: number): Response {
  const { access, refresh, idToken } = issued
  const body = {
    access_token: access.value,
    ...(refresh && { refresh_token: refresh.value }),
    ...(idToken !== undefined && { id_token: idToken }),
    token_type: 'bearer',
    expires_in: reportedLifetime(access, version),
    ...subjectFields(issued, version),
  }
  return Response.json(body, { headers: { 'cache-control': 'no-store' } })
}
