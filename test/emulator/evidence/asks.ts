import {
  authorizationCode,
  clientCredentials,
  createClient,
  Ims,
  memoryPlatform,
  onBehalfOf,
  refreshToken,
} from '../../../src/core/index.ts'
import type { Call, Row } from './row.ts'
import { sampleJwt } from './sample.ts'
import { endpoint } from './scene.ts'

// how the SDK asks what a row asks

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>
/** One way to ask, and what the SDK then makes of answers: see `deserved` in the test. */
export interface Ask {
  readonly by: 'Ims' | 'Ims, for a token' | 'renewal' | 'sign-in'
  readonly ask: (fetch: Fetch) => Promise<unknown>
}

const retry = { retries: 0 }
const redirectUri = 'https://app.example/callback'
const grantOf = ({ form, query }: Call) => form?.grant_type ?? query?.grant_type

/** The client that a row speaks of. */
export const clientOf = ({ form, query, basic }: Call): string =>
  form?.client_id ?? query?.client_id ?? basic?.split(':')[0] ?? 'web-app'

function clientFor(call: Call, fetch: Fetch) {
  const secret = call.form?.client_secret
  return { clientId: clientOf(call), ...(secret !== undefined && { clientSecret: secret }), fetch }
}

/** A login that was begun, and the state that its callback must name. */
export async function beginLogin(call: Call, fetch: Fetch) {
  const { clientId, clientSecret } = clientFor(call, fetch)
  const flow = authorizationCode({ clientId, scopes: ['AdobeID'], redirectUri, ...(clientSecret && { clientSecret }) })
  const client = createClient({ ...memoryPlatform(), flow, endpoint, fetch, retry })
  const state = (await client.startLogin()).searchParams.get('state') ?? ''
  return { client, state }
}

function codeAsks({ call, signIn }: Row): Ask[] {
  const old = /\/ims\/token(\/v1)?$/.test(call.path)
  const code = sampleJwt('authorization_code')
  return [
    {
      by: 'Ims, for a token',
      ask: (fetch) => {
        const { clientId, clientSecret } = clientFor(call, fetch)
        const ims = new Ims({ endpoint, fetch, retry })
        if (old) return ims.getAccessToken(code, clientId, clientSecret)
        return ims.exchangeAuthorizationCode({ clientId, clientSecret, code })
      },
    },
    // a sign-in redeems its code at v3, and an ID token must have its own nonce
    ...(old || signIn?.parameters?.nonce !== undefined
      ? []
      : [
          {
            by: 'sign-in' as const,
            ask: async (fetch: Fetch) => {
              const { client, state } = await beginLogin(call, fetch)
              return client.finishLogin(`${redirectUri}?code=c&state=${state}`)
            },
          },
        ]),
  ]
}

function refreshAsks(call: Call): Ask[] {
  const old = call.path.endsWith('/v1')
  const token = sampleJwt('refresh_token')
  const byIms = (fetch: Fetch) => {
    const { clientId, clientSecret } = clientFor(call, fetch)
    const ims = new Ims({ endpoint, fetch, retry })
    if (old) return ims.getAccessToken(token, clientId, clientSecret)
    return ims.refreshToken({ clientId, clientSecret, refreshToken: token })
  }
  const byClient = (fetch: Fetch) => {
    const { clientId, clientSecret } = clientFor(call, fetch)
    const flow = refreshToken({ clientId, clientSecret, refreshToken: token })
    return createClient({ ...memoryPlatform(), flow, endpoint, fetch, retry }).getToken()
  }
  return [{ by: 'Ims, for a token', ask: byIms }, ...(old ? [] : [{ by: 'renewal' as const, ask: byClient }])]
}

function credentialsAsks(call: Call): Ask[] {
  const { clientId, clientSecret = 'secret' } = clientFor(call, fetch)
  const flow = () => clientCredentials({ clientId, clientSecret, scopes: ['openid'] })
  return [
    {
      by: 'Ims, for a token',
      ask: (fetch) => new Ims({ endpoint, fetch, retry }).getAccessTokenByClientCredentials(clientId, clientSecret),
    },
    {
      by: 'Ims',
      ask: (fetch) => createClient({ ...memoryPlatform(), flow: flow(), endpoint, fetch, retry }).getToken(),
    },
  ]
}

function promiseAsk(call: Call, grant: 'promise' | 'promise_exchange'): Ask {
  const client = { clientId: clientOf(call), clientSecret: call.form?.client_secret ?? '' }
  const ask = (fetch: Fetch): Promise<unknown> => {
    const ims = new Ims({ endpoint, fetch, retry })
    if (grant === 'promise_exchange') return ims.exchangePromiseToken({ ...client, promiseToken: 'the-promise-token' })
    const promiseDefinitionId = call.form?.promise_definition_id ?? ''
    return ims.getPromiseToken({ ...client, promiseDefinitionId, authenticatingToken: sampleJwt('access_token') })
  }
  return { by: 'Ims', ask }
}

function onBehalfAsk(call: Call): Ask {
  const { client_secret: clientSecret = '', resource } = call.form ?? {}
  const client = { clientId: clientOf(call), clientSecret, scopes: 'openid,AdobeID' }
  // the SDK refuses to send what RFC 8707 forbids
  const named = resource !== undefined && URL.canParse(resource) && { resource }
  const flow = onBehalfOf({ ...client, userToken: sampleJwt('access_token'), ...named })
  const ask = (fetch: Fetch) => createClient({ ...memoryPlatform(), flow, endpoint, fetch, retry }).getToken()
  return { by: 'Ims', ask }
}

function tokenAsks(row: Row): Ask[] {
  const { call } = row
  const grant = grantOf(call)
  if (grant === 'authorization_code') return codeAsks(row)
  if (grant === 'refresh_token') return refreshAsks(call)
  if (grant === 'client_credentials') return credentialsAsks(call)
  if (grant === 'promise' || grant === 'promise_exchange') return [promiseAsk(call, grant)]
  if (grant === 'urn:ietf:params:oauth:grant-type:token-exchange') return [onBehalfAsk(call)]
  if (grant !== 'cluster_at_exchange') return [generic(call)]
  const ask = (fetch: Fetch) =>
    new Ims({ endpoint, fetch, retry }).exchangeToken({
      clientId: clientOf(call),
      clientSecret: 'secret',
      token: sampleJwt('access_token'),
      orgId: '0@AdobeOrg',
    })
  return [{ by: 'Ims, for a token', ask }]
}

/** What has no method of its own can be asked by path. */
function generic(call: Call): Ask {
  const { method, path, query, form, json, bearer } = call
  const token = bearer === undefined ? undefined : sampleJwt('access_token')
  const ask = (fetch: Fetch) => {
    const ims = new Ims({ endpoint, fetch, retry })
    if (method === 'GET') return ims.get(path, token, query)
    return ims.post(path, token, { ...form, ...(json && { json: JSON.stringify(json) }) })
  }
  return { by: 'Ims', ask }
}

const token = sampleJwt('access_token')
const methods: Readonly<Record<string, (ims: Ims, call: Call) => Promise<unknown>>> = {
  '/ims/exchange/jwt': (ims, call) => ims.exchangeJwtToken(clientOf(call), 'secret', 'assertion'),
  '/ims/validate_token/v1': async (ims, call) => ims.validateToken(token, clientOf(call)),
  '/ims/invalidate_token/v2': (ims, call) =>
    ims.invalidateToken(token, clientOf(call), call.form?.client_secret, call.form?.token_type),
  '/ims/revoke': (ims, call) => ims.revokeToken(token, { clientId: clientOf(call) }),
  '/ims/userinfo/v2': (ims) => ims.getUserInfo(token),
  '/ims/profile/v1': (ims) => ims.getProfile(token),
  '/ims/organizations/v6': (ims) => ims.getOrganizations(token),
  '/ims/admin_profile/v3': (ims, call) =>
    ims.getAdminProfile(token, { userId: 'guid@AdobeID', clientId: clientOf(call) }),
  '/ims/admin_organizations/v4': (ims, call) =>
    ims.getAdminOrganizations(token, { userId: 'guid@AdobeID', clientId: clientOf(call) }),
  '/ims/keys': (ims) => ims.getKeys(),
  '/ims/.well-known/openid-configuration': (ims) => ims.getOpenIdConfiguration(),
}

/** Every way in which the SDK asks what the row asks; none if a browser asks it. */
export function asksOf(row: Row): Ask[] {
  const { call } = row
  const path = call.path.replace('/exchange/v1/', '/exchange/').replace(/\/$/, '')
  if (path.startsWith('/ims/token')) return tokenAsks(row)
  const method = Object.hasOwn(methods, path) ? methods[path] : undefined
  if (method === undefined) return [generic(call)]
  const by = path === '/ims/exchange/jwt' ? 'Ims, for a token' : 'Ims'
  return [{ by, ask: async (fetch) => method(new Ims({ endpoint, fetch, retry }), call) }]
}
