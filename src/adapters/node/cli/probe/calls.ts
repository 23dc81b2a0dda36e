import { discoveryPath } from '../../../../core/ims/endpoints/discovery.ts'
import { invalidateTokenPath } from '../../../../core/ims/endpoints/invalidate-token.ts'
import { keysPath } from '../../../../core/ims/endpoints/keys.ts'
import { revokePath } from '../../../../core/ims/endpoints/revoke.ts'
import { tokenV3 } from '../../../../core/ims/endpoints/token.ts'
import { userinfoPath } from '../../../../core/ims/endpoints/userinfo.ts'
import { validateTokenPath } from '../../../../core/ims/endpoints/validate-token.ts'
import type { Credential } from './credential.ts'
import {
  answerMembers,
  emptyFacts,
  type Facts,
  keyFacts,
  keysOf,
  metadataFacts,
  type ProbeAnswer,
  type Show,
  tokenFacts,
  validityFacts,
} from './facts.ts'

/** Results of earlier calls that later calls need. */
export interface ProbeProgress {
  keys: readonly object[]
  token?: string
  revoked?: boolean
  /** Tokens that were issued where a refusal was expected. */
  readonly unexpected: string[]
}

export interface ProbeRequest {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Makes it a POST. */
  readonly form?: Readonly<Record<string, string>>
}

/** One request to IMS. */
export interface ProbeCall {
  /** Its name in the expectations. */
  readonly name: string
  /** Describes the request to the user, who must consent first. */
  readonly about: string
  /** Needs the token that was requested before. */
  readonly needsToken?: boolean
  /** Whether it revokes the token: then it is sent after an interruption as well. */
  readonly revokes?: boolean
  /** The request; `undefined` to skip it. */
  readonly request: (progress: ProbeProgress) => ProbeRequest | undefined | Promise<ProbeRequest>
  /** The facts of the answer, in addition to its status and error. */
  readonly read?: (answer: ProbeAnswer, show: Show, progress: ProbeProgress) => Facts
}

/** A name that no client, code or scope has. */
const unknownName = 'imskit-probe-unknown'
const get = (path: string) => () => ({ path })

const publicCalls: readonly ProbeCall[] = [
  {
    name: 'discovery',
    about: 'GET /.well-known/openid-configuration',
    request: get('/.well-known/openid-configuration'),
    read: metadataFacts,
  },
  {
    name: 'discovery below /ims',
    about: `GET ${discoveryPath}`,
    request: get(discoveryPath),
    read: (answer, show) => ({ issuer: show(answerMembers(answer).issuer) }),
  },
  {
    name: 'metadata of OAuth',
    about: 'GET /.well-known/oauth-authorization-server',
    request: get('/.well-known/oauth-authorization-server'),
    read: metadataFacts,
  },
  {
    name: 'protected resource',
    about: 'GET /.well-known/oauth-protected-resource, which is not there',
    request: get('/.well-known/oauth-protected-resource'),
  },
  {
    name: 'keys',
    about: `GET ${keysPath}`,
    request: get(keysPath),
    read(answer, show, progress) {
      progress.keys = keysOf(answer)
      return keyFacts(answer, show)
    },
  },
  {
    name: 'unknown client',
    about: `POST ${tokenV3.path} for a client that does not exist`,
    request: () => ({
      path: tokenV3.path,
      form: { grant_type: 'client_credentials', client_id: unknownName, client_secret: unknownName, scope: 'openid' },
    }),
  },
  {
    name: 'user information for no token',
    about: `GET ${userinfoPath} with text that is not a token`,
    request: () => ({ path: userinfoPath, headers: { authorization: `Bearer ${unknownName}` } }),
  },
]

/** Requests the token with `machine`, validates it and revokes it. */
function tokenCalls(credential: Credential, machine: ProbeCall): ProbeCall[] {
  const { clientId = '' } = credential
  const validation = (name: string, about: string, change = (token: string) => token): ProbeCall => ({
    name,
    about: `POST ${validateTokenPath} for ${about}`,
    needsToken: true,
    request: ({ token = '' }) => ({
      path: validateTokenPath,
      form: { token: change(token), type: 'access_token', client_id: clientId },
    }),
    read: validityFacts,
  })
  return [
    {
      ...machine,
      read(answer, show, progress) {
        const token = issuedToken(answer)
        if (token !== undefined) progress.token = token
        return tokenFacts(answer, show, progress.keys)
      },
    },
    validation('validation', 'the token'),
    validation('altered token', 'the token with another signature', altered),
    {
      name: 'revocation',
      about: `POST ${revokePath} for the token`,
      needsToken: true,
      revokes: true,
      request: ({ token = '' }) => revocation(credential, token),
      read: readRevocation,
    },
    {
      name: 'invalidation',
      about: `POST ${invalidateTokenPath} for the token, if it could not be revoked`,
      needsToken: true,
      revokes: true,
      request: ({ token = '', revoked }) => (revoked === true ? undefined : invalidation(credential, token)),
      read: readRevocation,
    },
    validation('revoked token', 'the revoked token'),
  ]
}

function readRevocation(answer: ProbeAnswer, _: Show, progress: ProbeProgress): Facts {
  progress.revoked = answer.status === 200
  return emptyFacts(answer)
}

/** The access token of an answer, if it has one that can be sent again. */
export function issuedToken(answer: ProbeAnswer): string | undefined {
  const { access_token: token } = answerMembers(answer)
  return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : undefined
}

/** The request that revokes a token of the client. */
export function revocation({ clientId = '', clientSecret }: Credential, token: string): ProbeRequest {
  if (clientSecret === undefined) return { path: revokePath, form: { client_id: clientId, token } }
  return { path: revokePath, headers: { authorization: basic(clientId, clientSecret) }, form: { token } }
}

/** Like {@link revocation}, with IMS's own endpoint. */
export function invalidation({ clientId = '', clientSecret }: Credential, token: string): ProbeRequest {
  const client = { client_id: clientId, ...(clientSecret !== undefined && { client_secret: clientSecret }) }
  const form = { token, token_type: 'access_token', ...client }
  return { path: invalidateTokenPath, headers: { 'x-ims-clientid': clientId }, form }
}

/** `jwt` with another signature of the same length. */
function altered(jwt: string): string {
  const at = jwt.lastIndexOf('.') + 1
  return jwt.slice(0, at) + jwt.slice(at).replace(/^.{8}/, (start) => (start === 'AAAAAAAA' ? 'BBBBBBBB' : 'AAAAAAAA'))
}

/** RFC 6749, section 2.3.1. */
function basic(...parts: [id: string, secret: string]): string {
  const encoded = parts.map((part) => new URLSearchParams({ '': part }).toString().slice(1))
  return `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`
}

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
