import { Refusal } from '../http/refusal.ts'
import { narrowScopes, parseScopes } from '../registry/scopes.ts'
import { machineAccount } from '../registry/users.ts'
import { mintAccessToken, mintIdToken, mintRefreshToken } from '../tokens/mint.ts'
import { answersChallenge } from '../tokens/pkce.ts'
import { tokenId } from '../tokens/token-id.ts'
import { type Authorization, type IssuedToken, isExpired, type TokenType } from '../tokens/token-ledger.ts'
import type { Issued } from '../tokens/token-response.ts'
import { requireGrant } from './client-authentication.ts'
import type { GrantRequest } from './grant-request.ts'

// IMS answers access_denied to an invalid code; its answer to an invalid refresh token is not public
function invalidGrant(type: TokenType, description: string): Refusal {
  return new Refusal(400, type === 'authorization_code' ? 'access_denied' : 'invalid_grant', description)
}

// a used code or refresh token may have been stolen, so all tokens issued from it are revoked
function requireFresh(request: GrantRequest, value: string | null, type: TokenType): IssuedToken {
  const { client, provider } = request
  if (value === null) throw new Refusal(400, 'invalid_request', 'missing code or refresh_token parameter')
  const token = provider.tokens.find(value)
  if (token?.type !== type) {
    const why =
      token === undefined
        ? `this emulator did not issue the ${type}; it forgets everything when it is restarted`
        : `the value is of type ${token.type}`
    throw invalidGrant(type, `invalid ${type}`).because(why)
  }
  if (token.authorization.client.clientId !== client.clientId) {
    throw invalidGrant(type, `the ${type} was issued to another client`)
  }
  if (token.used) {
    provider.tokens.revokeFamily(token.authorization)
    throw invalidGrant(type, `the ${type} was used before`)
  }
  if (token.revoked) throw invalidGrant(type, `the ${type} was revoked`)
  if (isExpired(token, provider.clock.now())) throw invalidGrant(type, `the ${type} has expired`)
  return token
}

function issuesRefreshToken({ call, client }: GrantRequest, scopes: readonly string[]): boolean {
  return client.grants.includes('refresh_token') && (call.version < 2 || scopes.includes('offline_access'))
}

async function serviceToken({ client, provider }: GrantRequest): Promise<Issued> {
  requireGrant(client, 'service')
  const now = provider.clock.now()
  const subject = machineAccount({
    kind: 'service',
    userId: `${client.clientId}@AdobeService`,
    email: `${client.clientId}@AdobeService`,
  })
  const scopes = ['system', ...(client.scopes ?? [])]
  return { access: await mintAccessToken(provider, { client, subject, scopes, sessionId: tokenId(now) }) }
}

/** `authorization_code`: the code of a user's sign-in, or the permanent code of a service. */
export async function grantAuthorizationCode(request: GrantRequest): Promise<Issued> {
  const { call, client } = request
  const code = call.params.get('code')
  if (code !== null && code === client.permanentCode) return serviceToken(request)
  requireGrant(client, 'authorization_code')
  const { binding } = requireFresh(request, code, 'authorization_code')
  const answered = await answersChallenge(call.params.get('code_verifier'), binding?.challenge)
  if (!answered)
    throw invalidGrant(
      'authorization_code',
      'code_verifier does not match the code_challenge of the authorization request',
    )
  const redirectUri = call.params.get('redirect_uri')
  if (redirectUri !== null && redirectUri !== binding?.redirectUri) {
    throw invalidGrant('authorization_code', 'redirect_uri does not match the authorization request')
  }
  // checked again, because another request may have redeemed it while the verifier was hashed
  const token = requireFresh(request, code, 'authorization_code')
  const scopes = narrowScopes(token.scopes, parseScopes(call.params.get('scope')))
  token.used = true
  return issueUserTokens(request, token.authorization, scopes)
}

async function issueUserTokens(
  request: GrantRequest,
  authorization: Authorization,
  scopes: readonly string[],
): Promise<Issued> {
  const { provider } = request
  const refresh = issuesRefreshToken(request, authorization.scopes)
    ? await mintRefreshToken(provider, authorization)
    : undefined
  const access = await mintAccessToken(provider, authorization, { scopes, refresh })
  const idToken = scopes.includes('openid') ? await mintIdToken(provider, authorization) : undefined
  return { access, refresh, idToken }
}

/** The refresh token that replaces a used one, or `undefined` if the client continues to use the old one. */
async function renewRefreshToken({ client, provider }: GrantRequest, old: IssuedToken) {
  if (client.refreshTokenRenewal === 'none') return undefined
  old.used = true
  const left = old.createdAt + old.expiresIn - provider.clock.now()
  return mintRefreshToken(provider, old.authorization, client.refreshTokenRenewal === 'same-end' ? left : undefined)
}

/** `refresh_token`: the client's `refreshTokenRenewal` decides whether it is replaced. */
export async function grantRefreshToken(request: GrantRequest): Promise<Issued> {
  const { call, client, provider } = request
  requireGrant(client, 'refresh_token')
  const token = requireFresh(request, call.params.get('refresh_token'), 'refresh_token')
  const scopes = narrowScopes(token.scopes, parseScopes(call.params.get('scope')))
  const refresh = await renewRefreshToken(request, token)
  const access = await mintAccessToken(provider, token.authorization, { scopes, refresh: refresh ?? token })
  return { access, refresh }
}
