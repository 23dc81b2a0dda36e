import { createRequire } from 'node:module'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { clientCredentials, createClient, Ims, memoryPlatform } from '../../src/core/index.ts'
import { type RecordedIms, startRecordedIms } from './recorder.ts'

// @adobe/aio-lib-core-auth as published; the only thing changed is which machine its host name leads to

interface CoreAuth {
  generateAccessToken(params: object, env?: string): Promise<Record<string, unknown>>
  invalidateCache(): void
}
const { generateAccessToken, invalidateCache } = createRequire(import.meta.url)('@adobe/aio-lib-core-auth') as CoreAuth

let ims: RecordedIms
const { fetch } = globalThis
beforeAll(async () => {
  ims = await startRecordedIms()
  vi.stubGlobal('fetch', (url: string | URL, init?: RequestInit) =>
    fetch(String(url).replace(/^https:\/\/ims-na1(-stg1)?\.adobelogin\.com/, ims.url), init),
  )
})
beforeEach(() => {
  invalidateCache()
  ims.seen.length = 0
})
afterAll(async () => {
  vi.unstubAllGlobals()
  await ims.close()
})

const credential = () => {
  const { client_id, client_secrets, ims_org_id, scopes } = ims.contexts.oauth_server_to_server
  return { clientId: client_id, clientSecret: client_secrets[0] ?? '', orgId: ims_org_id, scopes }
}
const modern = (change: object = {}) =>
  createClient({ flow: clientCredentials({ ...credential(), ...change }), endpoint: ims.url, ...memoryPlatform() })
const failure = async (task: Promise<unknown>) =>
  task.then(
    () => expect.fail('it went well'),
    (error) => error,
  )

describe('generateAccessToken, the same', () => {
  test('the same request as getAccessTokenByClientCredentials, and its result is the payload there', async () => {
    const { clientId, clientSecret, orgId, scopes } = credential()
    const old = await generateAccessToken({ clientId, clientSecret, orgId, scopes: [...scopes] })
    const low = new Ims({ endpoint: ims.url })
    const { payload } = await low.getAccessTokenByClientCredentials(clientId, clientSecret, orgId, [...scopes].sort())
    const [first, second] = ims.seen
    const { userAgent: _, ...sent } = first ?? {}
    expect(second).toMatchObject(sent)
    expect(Object.keys(payload).sort()).toEqual(Object.keys(old).sort())
    expect(payload).toMatchObject({ token_type: old.token_type, expires_in: old.expires_in })
  })

  test('both remember it', async () => {
    const { scopes, ...rest } = credential()
    const params = { ...rest, scopes: [...scopes] }
    expect(await generateAccessToken(params)).toBe(await generateAccessToken(params))
    const client = modern()
    expect(await client.getToken()).toBe(await client.getToken())
    expect(ims.seen).toHaveLength(2)
  })
})

// each is a row of the table in docs/migrating.md
describe('generateAccessToken, different', () => {
  test('a client uses v3, with the scopes in the order of the caller', async () => {
    const { scopes, ...rest } = credential()
    await generateAccessToken({ ...rest, scopes: [...scopes] })
    await modern().getToken()
    const [first, second] = ims.seen
    expect([first?.path, second?.path]).toEqual(['/ims/token/v2', '/ims/token/v3'])
    expect(second?.encoding).toBe(first?.encoding)
    expect({ ...second?.body, scope: '' }).toEqual({ ...first?.body, scope: '' })
    expect(first?.body.scope).toBe([...scopes].sort().join(','))
    expect(second?.body.scope).toBe(scopes.join(','))
  })

  test('core-auth sorts the array of scopes of the caller, and imskit does not change it', async () => {
    const scopes = ['read_organizations', 'AdobeID']
    await generateAccessToken({ ...credential(), scopes })
    expect(scopes).toEqual(['AdobeID', 'read_organizations'])
    const ours = ['read_organizations', 'AdobeID']
    await modern({ scopes: ours }).getToken()
    expect(ours).toEqual(['read_organizations', 'AdobeID'])
  })

  test('in core-auth a change of one result is visible to other callers, and concurrent calls send several requests; imskit returns text and sends one request', async () => {
    const params = { ...credential(), scopes: ['openid'] }
    const result = await generateAccessToken(params)
    result.access_token = 'changed'
    expect((await generateAccessToken(params)).access_token).toBe('changed')
    invalidateCache()
    ims.seen.length = 0
    await Promise.all([1, 2, 3].map(() => generateAccessToken(params)))
    expect(ims.seen).toHaveLength(3)
    const client = modern()
    ims.seen.length = 0
    const tokens = await client.getTokens()
    Reflect.set(tokens, 'accessToken', 'changed')
    expect(await client.getToken()).not.toBe('changed')
    await Promise.all([1, 2, 3].map(() => client.getToken({ force: true })))
    expect(ims.seen).toHaveLength(2)
  })

  test('the error for a response that is not JSON has its status', async () => {
    const takeBack = ims.fault({ path: '/ims/token', status: 403, body: '<html>', times: 2 })
    const old = await failure(generateAccessToken({ ...credential(), scopes: [] }))
    const now = await failure(modern().getToken())
    takeBack()
    expect(old).toMatchObject({ code: 'GENERIC_ERROR' })
    expect(JSON.stringify(old.sdkDetails)).not.toContain('403')
    expect(now).toMatchObject({ code: 'HTTP_ERROR', status: 403 })
  })

  test('a rejection has the same status and error of IMS under other names', async () => {
    const old = await failure(generateAccessToken({ ...credential(), clientSecret: 'wrong', scopes: [] }))
    const now = await failure(modern({ clientSecret: 'wrong' }).getToken())
    expect(old).toMatchObject({ code: 'IMS_TOKEN_ERROR', sdkDetails: { statusCode: 400, error: 'invalid_client' } })
    expect(now).toMatchObject({ code: 'HTTP_ERROR', status: 400, imsError: 'invalid_client' })
    expect(now.requestId).toEqual(expect.any(String))
  })

  test('a missing parameter is an error when the flow is created', async () => {
    const old = await failure(generateAccessToken({ clientId: 'x' }))
    expect(old).toMatchObject({ code: 'MISSING_PARAMETERS' })
    expect(() => modern({ clientSecret: '' })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  })

  test('core-auth uses stage in a development- namespace; imskit has an option for the environment', async () => {
    vi.stubEnv('__OW_NAMESPACE', 'development-1234-mine')
    const asked: string[] = []
    const { fetch: stubbed } = globalThis
    vi.stubGlobal('fetch', (url: string | URL, init?: RequestInit) => {
      asked.push(new URL(url).origin)
      return stubbed(url, init)
    })
    try {
      await generateAccessToken({ ...credential(), scopes: ['openid'] })
      for (const env of [undefined, 'stage'] as const)
        await createClient({
          flow: clientCredentials(credential()),
          ...(env && { env }),
          ...memoryPlatform(),
        }).getToken()
    } finally {
      vi.stubGlobal('fetch', stubbed)
      vi.unstubAllEnvs()
    }
    const [prod, stage] = ['https://ims-na1.adobelogin.com', 'https://ims-na1-stg1.adobelogin.com']
    expect(asked).toEqual([stage, prod, stage])
  })
})
