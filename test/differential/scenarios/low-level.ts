import { as, call, type Scenario, type World } from '../scenario.ts'

const machine = (w: World) => w.machine.token
const person = (w: World) => w.person.access_token.token
const refresh = (w: World) => w.person.refresh_token.token
const id = (w: World) => w.oauth.client_id
const secret = (w: World) => w.oauth.client_secret
const scope = (w: World) => w.oauth.scope
const one = (name: string, ...calls: Scenario['calls'][number][]): Scenario => ({ name, calls })
const withAs = (as: string) => `x.${btoa(JSON.stringify({ as }))}.x`

/** `Ims` and `getTokenData`, called by hand. */
export const lowLevel: readonly Scenario[] = [
  one(
    'ims: getAccessToken of a code',
    call('ims.getAccessToken', (w: World) => w.code, id, secret, scope),
  ),
  one(
    'ims: getAccessToken of a code, twice',
    as(
      't',
      call('ims.getAccessToken', (w: World) => w.code, id, secret, scope),
    ),
    call('ims.getAccessToken', (w: World) => w.code, id, secret, scope),
  ),
  one(
    'ims: getAccessToken without scopes',
    call('ims.getAccessToken', (w: World) => w.code, id, secret),
  ),
  one('ims: getAccessToken of a refresh token', call('ims.getAccessToken', refresh, id, secret, scope)),
  one('ims: getAccessToken of an access token', call('ims.getAccessToken', person, id, secret, scope)),
  one('ims: getAccessToken of an opaque code', call('ims.getAccessToken', 'opaque', id, secret, scope)),
  one(
    'ims: getAccessToken with a wrong secret',
    call('ims.getAccessToken', (w: World) => w.code, id, 'wrong', scope),
  ),
  one(
    'ims: client credentials',
    call('ims.getAccessTokenByClientCredentials', ...server(), (w: World) => w.server.scopes),
  ),
  one('ims: client credentials without scopes', call('ims.getAccessTokenByClientCredentials', ...server())),
  one(
    'ims: client credentials, scopes as text',
    call('ims.getAccessTokenByClientCredentials', ...server(), 'openid,AdobeID'),
  ),
  one(
    'ims: client credentials, wrong secret',
    call(
      'ims.getAccessTokenByClientCredentials',
      (w: World) => w.server.client_id,
      'wrong',
      (w: World) => w.server.ims_org_id,
      ['openid'],
    ),
  ),
  one(
    'ims: exchangeJwtToken of nonsense',
    call(
      'ims.exchangeJwtToken',
      (w: World) => w.jwt.client_id,
      (w: World) => w.jwt.client_secret,
      'nonsense',
    ),
  ),
  one('ims: invalidateToken', call('ims.invalidateToken', person, id, secret), call('ims.validateToken', person)),
  one(
    'ims: invalidateToken of a refresh token',
    call('ims.invalidateToken', refresh, id, secret),
    call('ims.validateToken', refresh),
  ),
  one(
    'ims: invalidateToken without a secret',
    call('ims.invalidateToken', person, id),
    call('ims.validateToken', person),
  ),
  one('ims: validateToken', call('ims.validateToken', machine), call('ims.validateToken', refresh)),
  one(
    'ims: validateToken for another client',
    call('ims.validateToken', machine, 'emulator-jwt'),
    call('ims.validateToken', machine, 'nobody'),
  ),
  one(
    'ims: validateToken of a changed token',
    call('ims.validateToken', (w: World) => `${machine(w).slice(0, -8)}AAAAAAAA`),
  ),
  one(
    'ims: validateToken of garbage',
    call('ims.validateToken', 'garbage'),
    call('ims.validateToken', 'a.b.c'),
    call('ims.validateToken', ''),
  ),
  one(
    'ims: allow list',
    call('ims.validateTokenAllowList', machine, (w: World) => [w.server.client_id]),
    call('ims.validateTokenAllowList', machine, ['other']),
    call('ims.validateTokenAllowList', machine, []),
    call('ims.validateTokenAllowList', machine),
  ),
  one('ims: allow list, garbage', call('ims.validateTokenAllowList', 'garbage', ['x'])),
  one('ims: validateToken with a cache', call('cached.validateToken', machine), call('cached.validateToken', machine)),
  one(
    'ims: allow list with a cache, two tokens',
    call('cached.validateTokenAllowList', machine),
    call('cached.validateTokenAllowList', person),
    call('cached.validateTokenAllowList', machine),
    call('cached.validateTokenAllowList', person),
  ),
  {
    name: 'ims: validation, IMS is out of order',
    fault: { path: '/ims/validate_token', status: 400, body: '{"error":"bad_request"}', times: 1 },
    calls: [call('ims.validateToken', machine)],
  },
  {
    name: 'ims: validation, an answer that is no JSON',
    fault: { path: '/ims/validate_token', status: 200, body: 'hello', times: 1 },
    calls: [call('ims.validateToken', machine)],
  },
  one('ims: validateToken of garbage for a client', call('ims.validateToken', 'garbage', 'c')),
  {
    name: 'ims: validation, IMS refuses the token',
    fault: { path: '/ims/validate_token', status: 401, body: '{"error":"invalid_token"}', times: 1 },
    calls: [call('ims.validateToken', machine)],
  },
  {
    ...one('ims: the environment of cli.env', call('newIms', 'getApiUrl', '/x')),
    files: { global: { cli: { env: 'stage' } } },
    offline: true,
  },
  {
    ...one('ims: the environment of .env', call('newIms', 'getApiUrl', '/x'), call('variable', 'MY_CLIENT_ID')),
    files: { dotenv: 'AIO_CLI_ENV=stage\nMY_CLIENT_ID=from-dotenv\n' },
    offline: true,
  },
  one('ims: stubs on the prototype', call('stubbed')),
  one(
    'ims: a subclass with another getApiUrl',
    call('overridden', (w: World) => w.endpoint, machine),
  ),
  one('ims: post of a form of the package form-data', posted('form-data')),
  one('ims: post of a form of the platform', posted('FormData'), posted('URLSearchParams')),
  one('cache: odd limits', call('newCache'), call('newCache', 0, 0, 0), call('newCache', '60000', 10, 10)),
  one('cache: no limits', call('cacheKeeps', 10_001)),
  one('cache: one of the program', call('ownCache', machine)),
  one('an error in JSON', call('inJson', 'nope')),
  one('ims: getOrganizations', call('ims.getOrganizations', person), call('ims.getOrganizations', 'garbage')),
  one('ims: get', call('ims.get', '/ims/profile/v1', person), call('ims.get', '/ims/nowhere', person)),
  one(
    'ims: get with parameters',
    call('ims.get', '/ims/profile/v1', person, (w: World) => ({ client_id: w.oauth.client_id })),
  ),
  one(
    'ims: post',
    call('ims.post', '/ims/validate_token/v1', machine, (w: World) => ({
      type: 'access_token',
      client_id: w.server.client_id,
    })),
  ),
  one(
    'ims: post with a parameter that is undefined',
    call('ims.post', '/ims/validate_token/v1', machine, (w: World) => ({
      type: 'access_token',
      client_id: w.server.client_id,
      more: undefined,
    })),
  ),
  {
    name: 'ims: get, 429 twice',
    fault: { path: '/ims/profile', status: 429, body: 'busy', times: 2, headers: { 'retry-after': '0' } },
    calls: [call('ims.get', '/ims/profile/v1', person)],
  },
  {
    name: 'ims: get, 503 for ever',
    fault: { path: '/ims/profile', status: 503, body: 'busy', times: 20 },
    calls: [call('ims.get', '/ims/profile/v1', person)],
  },
  {
    name: 'ims: get, answered by 204',
    fault: { path: '/ims/profile', status: 204, times: 1 },
    calls: [call('ims.get', '/ims/profile/v1', person)],
  },
  {
    name: 'ims: get, answered by text',
    fault: { path: '/ims/profile', status: 200, body: 'hello', times: 1 },
    calls: [call('ims.get', '/ims/profile/v1', person)],
  },
  one('ims: getSusiUrl', call('ims.getSusiUrl', 'id', 'openid,AdobeID', 'https://app.example/cb?x=1', 'state & more')),
  one('ims: getSusiUrl without scopes and callback', call('ims.getSusiUrl', 'id', undefined, undefined, 's')),
  one('ims: getSusiUrl without state', call('ims.getSusiUrl', 'id', 'openid', 'https://app.example/cb')),
  one('ims: getApiUrl', call('ims.getApiUrl', '/ims/profile/v1'), call('ims.getApiUrl', 'ims/profile/v1')),
  one('ims: toTokenResult', call('ims.toTokenResult', machine), call('ims.toTokenResult', 'opaque')),
  {
    ...one(
      'ims: fromToken',
      call('fromToken', machine),
      call('fromToken', withAs('ims-na1-stg1')),
      call('fromToken', withAs('ims-eu1')),
      call('fromToken', withAs('evil')),
      call('fromToken', 'x.e30.x'),
      call('fromToken', 'garbage'),
    ),
    offline: true,
  },
  one(
    'getTokenData',
    call('getTokenData', machine),
    call('getTokenData', `x.${Buffer.from('{"a":"ü"}').toString('base64url')}.x`),
  ),
  one(
    'getTokenData of nonsense',
    call('getTokenData', 'garbage'),
    call('getTokenData', 'a.b.c'),
    call('getTokenData', undefined),
  ),
]

function posted(kind: string) {
  const fields = (w: World) => ({ type: 'access_token', client_id: w.server.client_id })
  return call('within', 15_000, 'posted', kind, '/ims/validate_token/v1', machine, fields)
}

function server() {
  return [(w: World) => w.server.client_id, (w: World) => w.server.client_secrets[0], (w: World) => w.server.ims_org_id]
}
