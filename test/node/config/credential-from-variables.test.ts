import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type CredentialFromVariables,
  credentialFromVariables,
} from '../../../src/adapters/node/config/credential-from-variables.ts'
import { contextFromVariables } from '../../../src/adapters/node/config/variable-names.ts'
import { createClient, memoryPlatform } from '../../../src/core/index.ts'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'

let emulator: RunningEmulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

/** A credential under the names that begin with `prefix`. */
function named(prefix: string, clientId: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const own = { CLIENT_ID: clientId, CLIENT_SECRET: 'a-secret', SCOPES: 'openid, AdobeID', ...more }
  return Object.fromEntries(Object.entries(own).map(([ending, value]) => [`${prefix}_${ending}`, value]))
}

const injected = (clientId: string) => ({ clientId, clientSecret: 'a-secret', orgId: 'an-org', scopes: ['openid'] })
const shown = ({ flow: { clientId, scopes, orgId }, env }: CredentialFromVariables) => ({
  clientId,
  scopes,
  orgId,
  env,
})

/** The code and the message of what `task` throws. */
function thrown(task: () => unknown): string {
  try {
    task()
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return `${code}: ${message}`
  }
  throw new Error('nothing was thrown')
}

describe('credentialFromVariables', () => {
  test('gives what createClient takes: a token comes of it', async () => {
    const { client_id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
    const variables = {
      OAUTH_CLIENT_ID: client_id,
      // the first was taken back already, as while secrets are rotated
      OAUTH_CLIENT_SECRETS: JSON.stringify(['an-old-secret', ...client_secrets]),
      OAUTH_SCOPES: 'openid,AdobeID',
      OAUTH_IMS_ORG_ID: ims_org_id,
    }
    const platform = { ...memoryPlatform(), endpoint: emulator.url }
    const client = createClient({ ...credentialFromVariables(variables), ...platform })
    expect(await client.getTokens()).toMatchObject({ scopes: ['openid', 'AdobeID'] })
    expect(emulator.requests.at(-1)?.params).toMatchObject({ client_id, org_id: ims_org_id })
    const actionInput = {
      __ims_oauth_s2s: { ...injected(client_id), clientSecret: client_secrets[0], orgId: ims_org_id },
    }
    expect(
      await createClient({ ...credentialFromVariables(actionInput), ...platform, ...memoryPlatform() }).getToken(),
    ).toMatch(/^eyJ/)
  })

  test.each(['AIO_COMMERCE_AUTH_IMS', 'IMS_OAUTH_S2S', 'OAUTHS2S', 'OAUTH', 'IMS'])(
    'knows the names of %s',
    (prefix) => {
      const variables = named(prefix, 'one', { ORG_ID: 'an-org', ENVIRONMENT: 'stage' })
      const expected = { clientId: 'one', scopes: ['openid', 'AdobeID'], orgId: 'an-org', env: 'stage' }
      expect(shown(credentialFromVariables(variables))).toEqual(expected)
    },
  )

  test.each([
    ['an object in camelCase', injected('one')],
    ['JSON text', JSON.stringify(injected('one'))],
    ['snake_case', { client_id: 'one', client_secret: 'a-secret', org_id: 'an-org', scopes: ['openid'] }],
    ['several secrets', { clientId: 'one', clientSecrets: ['a', 'b'], imsOrgId: 'an-org', scopes: '["openid"]' }],
  ])('knows __ims_oauth_s2s as %s', (_, given) => {
    const found = credentialFromVariables({ __ims_oauth_s2s: given, __ims_env: 'stage' })
    expect(shown(found)).toEqual({ clientId: 'one', scopes: ['openid'], orgId: 'an-org', env: 'stage' })
  })

  test('takes what the platform gives to the action before what a caller could send along', () => {
    const variables = { ...named('AIO_COMMERCE_AUTH_IMS', 'two'), ...named('IMS', 'three'), clientId: 'four' }
    expect(shown(credentialFromVariables({ ...variables, __ims_oauth_s2s: injected('one') })).clientId).toBe('one')
    const broken = { ...variables, __ims_oauth_s2s: { clientId: 'one' } }
    expect(thrown(() => credentialFromVariables(broken))).toMatch(/^MISSING_ENVIRONMENT_VARIABLE: __ims_oauth_s2s/)
  })

  test('of two clients it takes neither, unless told which', () => {
    const variables = { ...named('OAUTH', 'one'), ...named('IMS', 'two') }
    expect(thrown(() => credentialFromVariables(variables))).toMatch(
      /^BAD_OPTION: OAUTH_CLIENT_ID and IMS_CLIENT_ID name two clients\. .*prefix/,
    )
    expect(shown(credentialFromVariables(variables, { prefix: 'OAUTH' })).clientId).toBe('one')
    expect(shown(credentialFromVariables(variables, { prefix: 'IMS' })).clientId).toBe('two')
    const withInjected = { ...variables, __ims_oauth_s2s: injected('three') }
    expect(shown(credentialFromVariables(withInjected, { prefix: 'IMS' })).clientId).toBe('two')
  })

  test('of one client under several names the first counts, whole', () => {
    const order = ['AIO_COMMERCE_AUTH_IMS', 'IMS_OAUTH_S2S', 'OAUTHS2S', 'OAUTH', 'IMS']
    for (const [index, first] of order.entries()) {
      const left = order.slice(index)
      const variables = Object.assign({}, ...left.toReversed().map((each) => named(each, 'one', { SCOPES: each })))
      expect(shown(credentialFromVariables(variables))).toMatchObject({ clientId: 'one', scopes: [first] })
    }
    // and nothing of one is put together with another's
    const variables = { ...named('OAUTH', 'one', { SCOPES: '' }), ...named('IMS', 'one') }
    expect(thrown(() => credentialFromVariables(variables))).toMatch(/^BAD_OPTION: .*scopes/)
    const halves = { OAUTH_CLIENT_ID: 'one', IMS_CLIENT_SECRET: 'a-secret' }
    expect(thrown(() => credentialFromVariables(halves))).toMatch(
      /^MISSING_ENVIRONMENT_VARIABLE: OAUTH_CLIENT_SECRET is missing/,
    )
  })

  test.each([
    ['HOST', 'https://ims-na1-stg1.adobelogin.com', 'stage'],
    ['HOST', 'ims-na1-stg1.adobelogin.com', 'stage'],
    ['BASE_URL', 'https://ims-na1-stg1.adobelogin.com/ims/token/', 'stage'],
    ['TOKEN_URL', '"https://ims-na1.adobelogin.com/ims/token/v3"', 'prod'],
  ])('takes the environment from %s=%s', (ending, value, env) => {
    expect(credentialFromVariables(named('OAUTH', 'one', { [ending]: value })).env).toBe(env)
  })

  test('refuses a server that it does not use, and two environments', () => {
    const other = named('OAUTHS2S', 'one', { HOST: 'https://ims.example' })
    expect(thrown(() => credentialFromVariables(other))).toMatch(/^BAD_OPTION: OAUTHS2S_HOST names a server/)
    const both = named('OAUTH', 'one', { ENVIRONMENT: 'prod', HOST: 'ims-na1-stg1.adobelogin.com' })
    expect(thrown(() => credentialFromVariables(both))).toMatch(
      /^BAD_OPTION: OAUTH_ENVIRONMENT and OAUTH_HOST name two/,
    )
  })

  test('asks for the scopes of the option before those of the variables', () => {
    const found = credentialFromVariables(named('OAUTH', 'one', { SCOPES: '' }), { scopes: ['openid'] })
    expect(found.flow.scopes).toEqual(['openid'])
    expect(credentialFromVariables(named('OAUTH', 'one'), { scopes: 'AdobeID' }).flow.scopes).toEqual(['AdobeID'])
  })

  test('treats what was not filled in as missing, and shows no value', () => {
    const variables = { OAUTH_CLIENT_ID: '$OAUTH_CLIENT_ID', OAUTH_CLIENT_SECRET: 'hunter2', OAUTH_SCOPES: 'openid' }
    const said = thrown(() => credentialFromVariables(variables))
    expect(said).toBe('MISSING_ENVIRONMENT_VARIABLE: OAUTH_CLIENT_ID is missing. Set it as well.')
    expect(thrown(() => credentialFromVariables({}))).toMatch(/do not contain a credential\. Set .*IMS_CLIENT_ID/)
    expect(thrown(() => credentialFromVariables({}, { prefix: 'OAUTH' }))).not.toContain('IMS')
    expect(thrown(() => credentialFromVariables({}, { prefix: 'MINE' as 'IMS' }))).toMatch(/^BAD_OPTION/)
  })
})

test.each([
  ['CLIENT_SECRET', 'with,comma', ['with,comma']],
  ['CLIENT_SECRETS', 'one, two', ['one', 'two']],
  ['CLIENT_SECRETS', '["one,1","two"]', ['one,1', 'two']],
  ['CLIENT_SECRETS', ['one,1'], ['one,1']],
  ['CLIENT_SECRETS', '\'["one","two"]\'', ['one', 'two']],
  ['CLIENT_SECRETS', JSON.stringify('["one","two"]'), ['one', 'two']],
])('%s %j is read as %j', (ending, value, secrets) => {
  const variables = { OAUTH_CLIENT_ID: 'one', [`OAUTH_${ending}`]: value }
  expect(contextFromVariables(variables)).toEqual({ client_id: 'one', client_secrets: secrets })
})
