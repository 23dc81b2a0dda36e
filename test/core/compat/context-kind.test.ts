import { inspect } from 'node:util'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ContextKind, kindOf } from '../../../src/core/compat/context-kind.ts'
import type { ContextData } from '../../../src/core/compat/contexts.ts'
import { jwtKind, publicKind, serverToServerKind, webAppKind } from '../../../src/core/compat/credential-kinds.ts'

const contextKinds: readonly ContextKind[] = [jwtKind, serverToServerKind, webAppKind, publicKind]

import { type CompatIms, createIms, memoryPlatform } from '../../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'
import { failureOf } from '../scripted-server.ts'

let emulator: Emulator
let ims: CompatIms
beforeAll(async () => {
  emulator = await createEmulator({
    clients: [
      {
        clientId: '12345678901234567890123',
        clientSecrets: ['1e3', '["not', '"quoted'],
        orgId: 'o@AdobeOrg',
        technicalAccountId: 't',
      },
    ],
  })
})
beforeEach(() => {
  ims = createIms({ ...memoryPlatform(), fetch: emulator.fetch, retry: { retries: 0 } })
})

const requests = () => emulator.requests.length
type Kind = 'jwt' | 'oauth_server_to_server' | 'oauth' | 'oauth_public'
const good = (kind: Kind): Record<string, unknown> =>
  structuredClone(emulator.contexts[kind]) as Record<string, unknown>
const without = (data: Record<string, unknown>, ...keys: string[]) =>
  Object.fromEntries(Object.entries(data).filter(([key]) => !keys.includes(key)))

/** What a token for this data fails with, and that nothing was sent or changed on the way. */
async function refusal(data: Record<string, unknown>) {
  const before = structuredClone(data)
  const count = requests()
  await ims.context.set('bad', data)
  const error = await failureOf<Error & { code: string; details?: Record<string, unknown> }>(ims.getToken('bad'))
  expect(requests()).toBe(count)
  expect(data).toEqual(before)
  expect((await ims.context.get('bad')).data).toEqual(before)
  return error
}

const required: Record<Kind, string[]> = {
  jwt: ['client_id', 'client_secret', 'technical_account_id', 'meta_scopes', 'ims_org_id', 'private_key'],
  oauth_server_to_server: [
    'client_id',
    'client_secrets',
    'technical_account_email',
    'technical_account_id',
    'scopes',
    'ims_org_id',
  ],
  oauth: ['client_id', 'client_secret', 'scope'],
  oauth_public: ['client_id', 'scope'],
}
const kinds = Object.keys(required) as Kind[]

describe('a kind of credential', () => {
  it('requires the documented keys', () => {
    expect(Object.fromEntries(contextKinds.map((kind) => [kind.type, Object.keys(kind.required)]))).toEqual(required)
  })

  it.each(kinds)('%s is recognised by its keys', (kind) => {
    const data = good(kind) as ContextData
    expect(kindOf('x', data, contextKinds).type).toBe(kind)
    expect(kindOf('x', { ...data, env: 'stage', unknown: [1], access_token: {} }, contextKinds).type).toBe(kind)
  })

  it.each(kinds)('%s is recognised by its name', (kind) => {
    const all = Object.assign({}, ...kinds.map(good)) as ContextData
    expect(kindOf('x', { ...all, type: kind }, contextKinds).type).toBe(kind)
  })

  it('that has the keys of several kinds is the kind that @adobe/aio-lib-ims takes', () => {
    const all = Object.assign({}, ...kinds.map(good)) as Record<string, unknown>
    expect(kindOf('x', all as ContextData, contextKinds).type).toBe('jwt')
    expect(kindOf('x', without(all, 'private_key') as ContextData, contextKinds).type).toBe('oauth_server_to_server')
    expect(kindOf('x', without(all, 'private_key', 'scopes') as ContextData, contextKinds).type).toBe('oauth')
    expect(kindOf('x', without(all, 'private_key', 'scopes', 'client_secret') as ContextData, contextKinds).type).toBe(
      'oauth_public',
    )
  })

  it('that is named must be known', async () => {
    for (const type of ['oauthSTS', '', 'toString', 5, null, ['jwt']]) {
      const error = await refusal({ ...good('jwt'), type })
      expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('oauth_server_to_server') })
    }
  })

  it.each(kinds)('%s that is named lists its own missing keys only', async (kind) => {
    const error = await refusal({ type: kind, env: 'prod' })
    expect(error.code).toBe('CANNOT_GENERATE_TOKEN')
    for (const key of required[kind]) expect(error.message).toContain(key)
    expect(error.details).toEqual({ context: 'bad', missing: [{ type: kind, missing: required[kind] }] })
  })
})

describe('a context that fits no kind', () => {
  it('lists for each kind which keys are missing, names the context and the nearest kind', async () => {
    const error = await refusal({ client_id: 'c', client_secrets: ['canary'], ims_org_id: 'o', scopes: ['a'] })
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'CANNOT_GENERATE_TOKEN' })
    expect(error.message).toContain("'bad'")
    expect(error.message).toMatch(/nearest to oauth_server_to_server/)
    expect(error.message).toMatch(/jwt: missing client_secret, technical_account_id, meta_scopes, private_key\n/)
    expect(error.message).toMatch(/oauth_server_to_server: missing technical_account_email, technical_account_id\n/)
    expect(error.message).toMatch(/oauth: missing client_secret, scope\n/)
    expect(error.message).toMatch(/oauth_public: missing scope$/)
    expect(error.details).toMatchObject({
      missing: [{ type: 'jwt' }, {}, {}, { type: 'oauth_public', missing: ['scope'] }],
    })
    expect(inspect(error, { depth: 9 })).not.toContain('canary')
  })

  it.each<[string, ContextData]>([
    ['oauth_server_to_server', { client_id: 'a', client_secrets: ['b'], scopes: ['openid'], ims_org_id: 'o' }],
    ['oauth', { client_id: 'a', client_secret: 'b', redirect_uri: 'https://x/' }],
    ['jwt', { client_id: 'a', client_secret: 'b', technical_account_id: 't', meta_scopes: ['m'] }],
    ['oauth_public', { client_id: 'a', redirect_uri: '["https://x"]' }],
  ])('is nearest to %s if it has most keys of that kind, also with the kind of the command', (type, data) => {
    const command = {
      type: 'cli',
      required: { 'cli.bare-output': 'any' },
      secret: false,
      flow: webAppKind.flow,
    } as const
    const all = [jwtKind, serverToServerKind, command, webAppKind, publicKind]
    expect(() => kindOf('bad', data, all)).toThrow(`it is nearest to ${type}.`)
    expect(() => kindOf('bad', { unknown: 'key' }, all)).not.toThrow('nearest')
  })

  it('may be empty, or have empty values', async () => {
    expect(await refusal({})).toMatchObject({ code: 'CANNOT_GENERATE_TOKEN' })
    expect(await refusal({ client_id: '', scope: '' })).toMatchObject({ code: 'CANNOT_GENERATE_TOKEN' })
    expect(await refusal({ client_id: null, scope: 'openid' })).toMatchObject({ code: 'CANNOT_GENERATE_TOKEN' })
  })

  it.each(kinds)('because one key of %s is missing names that key', async (kind) => {
    for (const key of required[kind]) {
      const error = await refusal({ ...without(good(kind), key), type: kind })
      expect(error.details).toEqual({ context: 'bad', missing: [{ type: kind, missing: [key] }] })
    }
  })
})

describe('a value of a wrong type', () => {
  const wrong: [Kind, string, unknown[]][] = [
    ['jwt', 'client_id', [5, true, {}, ['c']]],
    ['jwt', 'client_secret', [5, ['canary']]],
    ['jwt', 'meta_scopes', [5, {}, [5], ['a', ''], '[5]', ' , ']],
    ['jwt', 'private_key', [5, true]],
    ['jwt', 'passphrase', [5, {}, ['canary']]],
    ['oauth_server_to_server', 'client_secrets', [5, {}, [], [''], [5], '[]', '["canary",5]']],
    ['oauth_server_to_server', 'scopes', [5, {}, [], [null]]],
    ['oauth_server_to_server', 'ims_org_id', [{ ident: 'x' }]],
    ['oauth', 'scope', [5, {}, []]],
    ['oauth', 'redirect_uri', [5, {}]],
    ['oauth_public', 'client_id', [5]],
  ]
  it.each(wrong)('%s: %s is named before anything is sent', async (kind, key, values) => {
    for (const value of values) {
      const error = await refusal({ ...good(kind), type: kind, [key]: value })
      expect(error).toMatchObject({ name: 'ConfigurationError', code: 'BAD_OPTION' })
      expect(error.message).toContain(`${key} must be`)
      expect(error.message).toContain("'bad'")
      expect(inspect(error, { depth: 9 })).not.toContain('canary')
    }
  })

  it('tells all that are wrong at once', async () => {
    const error = await refusal({ ...good('oauth_server_to_server'), scopes: 5, client_secrets: [] })
    expect(error.message).toMatch(/client_secrets must be .*scopes must be/)
  })

  it('is not an optional key that is empty', async () => {
    for (const nothing of ['', null]) {
      await ims.context.set('x', { ...good('jwt'), passphrase: nothing })
      await expect(ims.getToken('x')).resolves.toBeTypeOf('string')
    }
  })
})

describe('JSON text, as environment variables bring it', () => {
  const last = () => emulator.requests.at(-1)

  it('is understood for scopes and secrets', async () => {
    const data = good('oauth_server_to_server')
    const texts = { scopes: '["openid","AdobeID"]', client_secrets: JSON.stringify(data.client_secrets) }
    await ims.context.set('x', { ...data, ...texts })
    await expect(ims.getToken('x')).resolves.toBeTypeOf('string')
    expect(last()?.params).toMatchObject({ scope: 'openid,AdobeID' })
  })

  it.each([
    ['openid,AdobeID', 'openid,AdobeID'],
    ['openid AdobeID', 'openid,AdobeID'],
    [' openid,  AdobeID,', 'openid,AdobeID'],
    ['openid', 'openid'],
    ['"openid"', 'openid'],
    [' [ "openid" ] ', 'openid'],
  ])('is not needed: scopes %j', async (scopes, sent) => {
    await ims.context.set('x', { ...good('oauth_server_to_server'), scopes })
    await ims.getToken('x')
    expect(last()?.params.scope).toBe(sent)
  })

  it('a plain string of client_secrets is one secret', async () => {
    await ims.context.set('x', { ...good('oauth_server_to_server'), client_secrets: 'emulator-first-secret' })
    await expect(ims.getToken('x')).resolves.toBeTypeOf('string')
  })

  it('ids and secrets that look like numbers or JSON stay text', async () => {
    const numeric = {
      ...good('oauth_server_to_server'),
      client_id: '12345678901234567890123',
      technical_account_id: '5',
      ims_org_id: 'o@AdobeOrg',
    }
    for (const client_secrets of ['1e3', '["not', '"quoted', ['1e3']]) {
      await ims.context.set('x', { ...numeric, client_secrets })
      await expect(ims.getToken('x', { force: true })).resolves.toBeTypeOf('string')
      expect(last()?.params.client_id).toBe('12345678901234567890123')
    }
  })

  it('meta scopes: text, JSON text and arrays, never a letter at a time', async () => {
    for (const meta_scopes of [
      'ent_adobeio_sdk',
      '["ent_adobeio_sdk"]',
      ['ent_adobeio_sdk'],
      'ent_adobeio_sdk,ent_user_sdk',
    ]) {
      await ims.context.set('x', { ...good('jwt'), meta_scopes })
      await expect(ims.getToken('x', { force: true })).resolves.toBeTypeOf('string')
    }
  })

  it('an empty list of meta scopes is left to IMS', async () => {
    for (const meta_scopes of [[], '[]']) {
      await ims.context.set('x', { ...good('jwt'), meta_scopes })
      await ims.getToken('x', { force: true }).catch(() => {})
      expect(last()?.path).toBe('/ims/exchange/jwt')
    }
  })

  it.each([
    ['escaped newlines', (pem: string) => pem.replaceAll('\n', '\\n')],
    ['an array of lines', (pem: string) => pem.split('\n')],
    ['JSON text of the lines', (pem: string) => JSON.stringify(pem.split('\n'))],
    ['JSON text of the key', (pem: string) => JSON.stringify(pem)],
    ['a leading newline', (pem: string) => `\n${pem}`],
  ])('a private key may be %s', async (_what, change) => {
    await ims.context.set('x', { ...good('jwt'), private_key: change(emulator.contexts.jwt.private_key) })
    await expect(ims.getToken('x')).resolves.toBeTypeOf('string')
  })

  it('a damaged key is INVALID_KEY before anything is sent, without key material', async () => {
    const damaged = emulator.contexts.jwt.private_key.replace(/\n[^\n]{20}/, '\ncanary')
    const error = await refusal({ ...good('jwt'), private_key: damaged })
    expect(error).toMatchObject({ code: 'INVALID_KEY' })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/canary|MII/)
  })
})

describe('a secret that IMS rejects as an invalid client', () => {
  it('gives way to the next, which is then remembered (S49)', async () => {
    const data = good('oauth_server_to_server')
    await ims.context.set('x', { ...data, client_secrets: ['retired', 'emulator-second-secret'] })
    const before = requests()
    await ims.getToken('x')
    await ims.getToken('x', { force: true })
    expect(emulator.requests.slice(before).map(({ status }) => status)).toEqual([400, 200, 200])
  })

  it('is the error if no secret is left', async () => {
    await ims.context.set('x', { ...good('oauth_server_to_server'), client_secrets: ['retired', 'wrong'] })
    await expect(ims.getToken('x')).rejects.toMatchObject({
      code: 'HTTP_ERROR',
      imsError: 'invalid_client',
      status: 400,
    })
  })
})

describe('the redirect URI', () => {
  const uri = 'https://abc123/foo'
  it.each<[string, ContextData, string | undefined]>([
    ['text', { redirect_uri: uri }, uri],
    ['a list of one', { redirect_uri: [uri] }, uri],
    ['the JSON of a list, as aio app use writes it', { redirect_uri: `["${uri}"]` }, uri],
    ['a list in the quotes that Docker leaves', { redirect_uri: `'["${uri}"]'` }, uri],
    ['a list and the default', { redirect_uri: ['https://a/', 'https://b/'], defaultRedirectUri: uri }, uri],
    ['the default from a variable', { redirect_uri: '["https://a/","https://b/"]', defaultredirecturi: uri }, uri],
    ['the default alone', { defaultRedirectUri: uri }, uri],
    ['none', {}, undefined],
  ])('is read from %s', (_, data, expected) => {
    for (const kind of [webAppKind, publicKind]) {
      const whole = { client_id: 'a', client_secret: 'b', scope: 'openid', ...data }
      const flow = kindOf('x', whole, [kind]).flow(whole)
      expect('redirectUri' in flow ? flow.redirectUri : undefined).toBe(expected)
    }
  })

  it('that a list leaves open is a wrong value', () => {
    const data = { client_id: 'a', scope: 'openid', redirect_uri: ['https://a/', 'https://b/'] }
    expect(() => kindOf('x', data, [publicKind])).toThrow(/redirect_uri must be one address.*defaultRedirectUri/)
  })
})
