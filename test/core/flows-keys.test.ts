import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  authorizationCode,
  clientCredentials,
  clusterExchange,
  createClient,
  type Flow,
  jwtBearer,
  onBehalfOf,
  refreshToken,
  serviceToken,
} from '../../src/core/index.ts'
import { tokenKeyOf } from '../../src/core/setup.ts'
import { emulator, jwtOptions, on } from './emulated-flows.ts'
import { serverFlow } from './setting.ts'

describe('whatever changes a token is in its key', () => {
  // few characters, all of them separators somewhere, so that neighbours do collide if they can
  const name = fc.string({
    unit: fc.constantFrom('a', '"', ',', '[', ']', '\\', '/', ' ', ':'),
    minLength: 1,
    maxLength: 4,
  })
  const config = fc.record({
    endpoint: fc.constantFrom(
      'https://ims-na1.adobelogin.com',
      'https://ims-na1-stg1.adobelogin.com',
      'https://ims.test/a',
    ),
    owner: fc.option(name, { nil: undefined }),
    clientId: name,
    orgId: fc.option(name, { nil: undefined }),
    scopes: fc.uniqueArray(name, { maxLength: 3 }),
    kind: fc.constantFrom('server', 'login', 'refresh', 'cluster', 'jwt'),
  })
  type Config = typeof config extends fc.Arbitrary<infer T> ? T : never

  function flowOf({ kind, clientId, orgId, scopes }: Config): Flow {
    if (kind === 'server') return clientCredentials({ clientId, clientSecret: 's', scopes, orgId })
    if (kind === 'login') return authorizationCode({ clientId, scopes })
    if (kind === 'refresh') return refreshToken({ clientId, refreshToken: `r${orgId}`, scopes })
    if (kind === 'cluster')
      return clusterExchange({ clientId, userToken: 't', user: clientId, orgId: orgId ?? 'none', scopes })
    return jwtBearer({ ...jwtOptions(), clientId, orgId: orgId ?? 'none', metaScopes: [...scopes, 'one'] })
  }
  const meaning = ({ endpoint, owner, clientId, orgId, scopes, kind }: Config) => {
    const org = kind === 'login' ? undefined : kind === 'cluster' || kind === 'jwt' ? (orgId ?? 'none') : orgId
    return JSON.stringify({ endpoint, owner, clientId, org, scopes: [...scopes].sort(), kind })
  }
  const keyOf = (each: Config) => tokenKeyOf(flowOf(each), each.endpoint, each.owner)

  test('keys are equal exactly where everything that matters is (S61, S99)', async () => {
    const near = fc.tuple(
      config,
      config,
      fc.subarray(['endpoint', 'owner', 'clientId', 'orgId', 'scopes', 'kind'] as const),
    )
    await fc.assert(
      fc.asyncProperty(near, async ([one, other, same]) => {
        const mixed = { ...other, ...Object.fromEntries(same.map((member) => [member, one[member]])) } as Config
        expect((await keyOf(one)) === (await keyOf(mixed))).toBe(meaning(one) === meaning(mixed))
      }),
      { numRuns: 2_000 },
    )
  })

  test('values that run into each other stay apart (S99)', async () => {
    const scopes = (...list: string[]) => clientCredentials({ clientId: 'c', clientSecret: 's', scopes: list })
    const org = (clientId: string, orgId?: string) =>
      clientCredentials({ clientId, clientSecret: 's', scopes: [], orgId })
    const flows = [scopes('a', 'b'), scopes('a","b'), scopes('ab'), scopes('a,b'), org('c","x', 'y'), org('c', 'x","y')]
    const keys = await Promise.all(flows.map((flow) => tokenKeyOf(flow, 'https://ims.test', undefined)))
    expect(new Set(keys).size).toBe(flows.length)
  })

  test('no secret is', async () => {
    const secret = 'canary-secret'
    const flows = [
      clientCredentials({ clientId: 'c', clientSecret: secret, scopes: [] }),
      refreshToken({ clientId: 'c', clientSecret: secret, refreshToken: secret }),
      serviceToken({ clientId: 'c', clientSecret: secret, code: secret }),
      clusterExchange({ clientId: 'c', clientSecret: secret, userToken: secret, orgId: 'o' }),
      onBehalfOf({ clientId: 'c', clientSecret: secret, userToken: secret, scopes: 'openid' }),
      jwtBearer({ ...jwtOptions(), clientSecret: secret, privateKey: secret, passphrase: secret }),
    ]
    for (const flow of flows) expect(await tokenKeyOf(flow, 'https://ims.test', undefined)).not.toContain(secret)
  })

  test('but what a secret stands for is: another refresh token, user token or service code is another user', async () => {
    const keys = await Promise.all(
      ['one', 'two'].flatMap((secret) =>
        [
          refreshToken({ clientId: 'c', refreshToken: secret }),
          serviceToken({ clientId: 'c', clientSecret: 's', code: secret }),
          clusterExchange({ clientId: 'c', userToken: secret, orgId: 'o' }),
          onBehalfOf({ clientId: 'c', clientSecret: 's', userToken: secret, scopes: 'openid' }),
        ].map((flow) => tokenKeyOf(flow, 'https://ims.test', undefined)),
      ),
    )
    expect(new Set(keys).size).toBe(8)
  })

  test('the order and spelling of scopes is not: arrays, commas, blanks, repeats', () => {
    const id = (scopes: string | string[]) => clientCredentials({ clientId: 'c', clientSecret: 's', scopes }).id
    expect(new Set([id(['a', 'b']), id('b a'), id('a,b'), id(' b , a,a')]).size).toBe(1)
  })

  test('two clients of one store get no token of each other', async () => {
    const tokens = await Promise.all(
      [{ owner: 'ann' }, { owner: 'bob' }, {}].map((more) =>
        createClient({ flow: serverFlow(emulator), ...on, ...more }).getToken(),
      ),
    )
    expect(new Set(tokens).size).toBe(3)
    // a superset that is cached does not answer for less
    const { client_id, client_secrets, ims_org_id: orgId } = emulator.contexts.oauth_server_to_server
    const narrow = clientCredentials({ clientId: client_id, clientSecret: client_secrets, scopes: 'openid', orgId })
    const { scopes } = await createClient({ flow: narrow, ...on }).getTokens()
    expect(scopes).toEqual(['openid'])
  })
})
