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

/** What later calls need of earlier ones. */
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

/** One question to IMS. */
export interface ProbeCall {
  /** Its name, under which the expectations have it. */
  readonly name: string
  /** Says what is asked, before the user agrees. */
  readonly about: string
  /** Needs the token that was requested before. */
  readonly needsToken?: boolean
  /** Ends the token, so that it is made also after an interruption. */
  readonly ends?: boolean
  /** What to send; `undefined` if there is nothing to ask. */
  readonly request: (progress: ProbeProgress) => ProbeRequest | undefined | Promise<ProbeRequest>
  /** What the answer says beside its status and error. */
  readonly read?: (answer: ProbeAnswer, show: Show, progress: ProbeProgress) => Facts
}

/** What no client, code or scope is called. */
const nobody = 'imskit-probe-unknown'
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
      form: { grant_type: 'client_credentials', client_id: nobody, client_secret: nobody, scope: 'openid' },
    }),
  },
  {
    name: 'user information for no token',
    about: `GET ${userinfoPath} with text that is not a token`,
    request: () => ({ path: userinfoPath, headers: { authorization: `Bearer ${nobody}` } }),
  },
]

/** The token that is requested, validated and revoked; `machine` asks for it. */
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
      ends: true,
      request: ({ token = '' }) => revocation(credential, token),
      read: ended,
    },
    {
      name: 'invalidation',
      about: `POST ${invalidateTokenPath} for the token, if it could not be revoked`,
      needsToken: true,
      ends: true,
      request: ({ token = '', revoked }) => (revoked === true ? undefined : invalidation(credential, token)),
      read: ended,
    },
    validation('revoked token', 'the revoked token'),
  ]
}

function ended(answer: ProbeAnswer, _: Show, progress: ProbeProgress): Facts {
  progress.revoked = answer.status === 200
  return emptyFacts(answer)
}

/** The access token of an answer, if it has one that can be sent again. */
export function issuedToken(answer: ProbeAnswer): string | undefined {
  const { access_token: token } = answerMembers(answer)
  return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : undefined
}

/** Ends a token of the client. */
export function revocation({ clientId = '', clientSecret }: Credential, token: string): ProbeRequest {
  if (clientSecret === undefined) return { path: revokePath, form: { client_id: clientId, token } }
  return { path: revokePath, headers: { authorization: basic(clientId, clientSecret) }, form: { token } }
}

/** As {@link revocation}, by the call that only IMS has. */
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
function basic(...halves: [id: string, secret: string]): string {
  const encoded = halves.map((half) => new URLSearchParams({ '': half }).toString().slice(1))
  return `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`
}

/** A request to the token endpoint as a client; it is refused unless it is the one for a token. */
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
    tokenRequest('wrong secret', 'with a wrong secret', { ...form, client_secret: nobody }),
    tokenRequest('unknown scope', 'for a scope that does not exist', { ...form, scope: nobody }),
    tokenRequest('unknown grant', 'for a grant that does not exist', { ...form, grant_type: nobody }),
    tokenRequest('grant of another kind of client', 'for the grant of a user', {
      ...client,
      grant_type: 'authorization_code',
      code: nobody,
    }),
  ]
}

function jwtCalls(credential: Credential): ProbeCall[] {
  const { clientId = '', clientSecret = '', assertion = async () => '' } = credential
  const path = '/ims/exchange/jwt'
  const exchange = (name: string, about: string, jwt: () => Promise<string>, secret = clientSecret): ProbeCall => ({
    name,
    about: `POST ${path} ${about}`,
    request: async () => ({ path, form: { client_id: clientId, client_secret: secret, jwt_token: await jwt() } }),
  })
  return [
    ...tokenCalls(credential, exchange('JWT exchange', 'for a token', assertion)),
    exchange('wrong secret at the JWT exchange', 'with a wrong secret', assertion, nobody),
    exchange('malformed JWT', 'with text that is not a JWT', async () => nobody),
    exchange('altered JWT', 'with another signature', async () => altered(await assertion())),
    exchange('unknown metascope', 'for a metascope that does not exist', () => assertion([`ent_${nobody}`])),
  ]
}

/** A token of a user needs a login, and a refresh token is worth more than a probe: neither is asked for. */
function userCalls({ kind, clientId = '', clientSecret }: Credential): ProbeCall[] {
  const client = { client_id: clientId, ...(clientSecret !== undefined && { client_secret: clientSecret }) }
  const code = { grant_type: 'authorization_code', ...client, code: nobody, code_verifier: nobody.repeat(3) }
  const refresh = { grant_type: 'refresh_token', ...client, refresh_token: nobody }
  const wrong = { ...code, client_secret: nobody }
  return [
    kind === 'oauth_public'
      ? tokenRequest('secret of a public client', 'with a secret, which the client does not have', wrong)
      : tokenRequest('wrong secret', 'with a wrong secret', wrong),
    tokenRequest('unknown code', 'with a code that does not exist', code),
    tokenRequest('unknown refresh token', 'with a refresh token that does not exist', refresh),
  ]
}

/** All questions that a credential allows, in order. */
export function callsOf(credential: Credential): readonly ProbeCall[] {
  const { kind, clientId } = credential
  if (clientId === undefined) return publicCalls
  if (kind === 'oauth_server_to_server') return [...publicCalls, ...serverCalls(credential)]
  if (kind === 'jwt') return [...publicCalls, ...jwtCalls(credential)]
  return [...publicCalls, ...userCalls(credential)]
}
