import { bearerToken, type EmulatorCall } from '../http/call.ts'
import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import { type IssuedToken, isExpired } from '../tokens/token-ledger.ts'

/** The valid access token of a call, or `undefined`. */
export function findBearer(call: EmulatorCall, provider: Provider): IssuedToken | undefined {
  const token = provider.tokens.find(bearerToken(call.headers) ?? '')
  const usable = token?.type === 'access_token' && !token.revoked && !isExpired(token, provider.clock.now())
  return usable ? token : undefined
}

function whyInvalid({ headers }: EmulatorCall, { tokens, clock }: Provider): string {
  const value = bearerToken(headers)
  if (value === undefined) return 'the request has no Authorization header with a bearer token'
  const token = tokens.find(value)
  if (token === undefined) return 'this emulator did not issue the token; it forgets everything when it is restarted'
  if (token.type !== 'access_token') return `the token is of type ${token.type}, not an access_token`
  return isExpired(token, clock.now()) ? 'the access token has expired' : 'the access token was revoked'
}

/** The valid access token of a call to IMS, or a 401. A user's token must have `scope`, if given, or a 403. */
export function requireBearer(call: EmulatorCall, provider: Provider, scope?: string): IssuedToken {
  const token = findBearer(call, provider)
  if (token === undefined) {
    throw new Refusal(401, 'invalid_token', 'missing or invalid access token')
      .withHeaders({ 'www-authenticate': 'Bearer error="invalid_token"' })
      .because(whyInvalid(call, provider))
  }
  const isUser = token.authorization.subject.kind === 'user'
  if (scope !== undefined && isUser && !token.scopes.includes(scope)) {
    throw new Refusal(403, 'insufficient_scope', `the token lacks the scope ${scope}`).withHeaders({
      'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"`,
    })
  }
  return token
}
