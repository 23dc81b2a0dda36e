import { tokenV3 } from '../../../../core/ims/endpoints/token.ts'
import { type ProbeCall, unknownName } from './call.ts'
import { publicCalls } from './calls-public.ts'
import { altered, tokenCalls } from './calls-token.ts'
import type { Credential } from './credential.ts'

/** A request to the token endpoint. IMS rejects it unless it is the one for a token. */
const tokenRequest = (name: string, about: string, form: Readonly<Record<string, string>>): ProbeCall => ({
  name,
  about: `POST ${tokenV3.path} ${about}`,
  request: () => ({ path: tokenV3.path, form }),
})

function serverCalls(credential: Credential): ProbeCall[] {
  const { clientId = '', clientSecret = '', orgId, scopes } = credential
  const client = { client_id: clientId, client_secret: clientSecret }
  const form = { grant_type: 'client_credentials', ...client, ...(orgId && { org_id: orgId }), scope: scopes.join(',') }
  return [
    ...tokenCalls(credential, tokenRequest('token', 'for a token', form)),
    tokenRequest('wrong secret', 'with a wrong secret', { ...form, client_secret: unknownName }),
    tokenRequest('unknown scope', 'for a scope that does not exist', { ...form, scope: unknownName }),
    tokenRequest('unknown grant', 'for a grant that does not exist', { ...form, grant_type: unknownName }),
    tokenRequest('grant of another kind of client', 'for the grant of a user', {
      ...client,
      grant_type: 'authorization_code',
      code: unknownName,
    }),
  ]
}

function jwtCalls(credential: Credential): ProbeCall[] {
  const { clientId = '', clientSecret = '', assertion = async () => '' } = credential
  const path = '/ims/exchange/jwt'
  const exchange = (name: string, about: string, { jwt = assertion, secret = clientSecret } = {}): ProbeCall => ({
    name,
    about: `POST ${path} ${about}`,
    request: async () => ({ path, form: { client_id: clientId, client_secret: secret, jwt_token: await jwt() } }),
  })
  return [
    ...tokenCalls(credential, exchange('JWT exchange', 'for a token')),
    exchange('wrong secret at the JWT exchange', 'with a wrong secret', { secret: unknownName }),
    exchange('malformed JWT', 'with text that is not a JWT', { jwt: async () => unknownName }),
    exchange('altered JWT', 'with another signature', { jwt: async () => altered(await assertion()) }),
    exchange('unknown metascope', 'for an unknown metascope', { jwt: () => assertion([`ent_${unknownName}`]) }),
  ]
}

/** A user's token needs a login, and a refresh token should not be risked for a probe, so neither is requested. */
function userCalls({ kind, clientId = '', clientSecret }: Credential): ProbeCall[] {
  const client = { client_id: clientId, ...(clientSecret !== undefined && { client_secret: clientSecret }) }
  const code = { grant_type: 'authorization_code', ...client, code: unknownName, code_verifier: unknownName.repeat(3) }
  const refresh = { grant_type: 'refresh_token', ...client, refresh_token: unknownName }
  const wrong = { ...code, client_secret: unknownName }
  return [
    kind === 'oauth_public'
      ? tokenRequest('secret of a public client', 'with a secret, which the client does not have', wrong)
      : tokenRequest('wrong secret', 'with a wrong secret', wrong),
    tokenRequest('unknown code', 'with a code that does not exist', code),
    tokenRequest('unknown refresh token', 'with a refresh token that does not exist', refresh),
  ]
}

/** All requests that a credential allows, in order. */
export function callsOf(credential: Credential): readonly ProbeCall[] {
  const { kind, clientId } = credential
  if (clientId === undefined) return publicCalls
  if (kind === 'oauth_server_to_server') return [...publicCalls, ...serverCalls(credential)]
  if (kind === 'jwt') return [...publicCalls, ...jwtCalls(credential)]
  return [...publicCalls, ...userCalls(credential)]
}
