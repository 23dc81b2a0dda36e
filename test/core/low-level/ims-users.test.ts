import { gzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { Ims } from '../../../src/core/index.ts'
import { createEmulator } from '../../../src/emulator/index.ts'
import { failureOf } from '../scripted-server.ts'

const client = { clientId: 'service', clientSecret: 'service-secret' }
const orgId = '0123456789ABCDEF01234567@AdobeOrg'
const emulator = await createEmulator({
  autoLogin: 'user@example.com',
  users: [{ email: 'user@example.com', organizations: [{ id: orgId, name: 'One' }] }],
  clients: [
    { clientId: 'app', redirectUris: ['https://app.example/'], consent: false, grants: ['implicit'] },
    { clientId: client.clientId, clientSecrets: [client.clientSecret], permanentCode: 'permanent' },
  ],
})
const ims = new Ims({ endpoint: emulator.url, fetch: emulator.fetch, retry: { retries: 0 } })

async function userToken(scope: string): Promise<string> {
  const query = new URLSearchParams({ client_id: 'app', scope, response_type: 'token' })
  const { headers } = await emulator.fetch(`${emulator.url}/ims/authorize/v2?${query}`)
  return new URLSearchParams(new URL(headers.get('location') ?? '').hash.slice(1)).get('access_token') ?? ''
}

const userId = String(((await ims.getProfile(await userToken('AdobeID'))) as { userId?: unknown }).userId)

describe('for Adobe services', () => {
  const serviceToken = async () => (await ims.exchangeAuthorizationCode({ ...client, code: 'permanent' })).access_token

  it('getAdminProfile sends the halves of the user id and the client id', async () => {
    const { token } = await serviceToken()
    const profile = await ims.getAdminProfile(token, { userId, clientId: 'service' })
    expect(profile).toMatchObject({ userId, email: 'user@example.com' })
    const [guid, auth_src] = userId.split('@')
    expect(emulator.requests.at(-1)).toMatchObject({
      method: 'POST',
      path: '/ims/admin_profile/v3',
      params: { guid, auth_src, client_id: 'service' },
    })
  })

  it('getAdminOrganizations answers as getOrganizations', async () => {
    const { token } = await serviceToken()
    const organizations = await ims.getAdminOrganizations(token, { userId, clientId: 'service' })
    expect(organizations).toMatchObject([{ orgName: 'One', orgRef: { authSrc: 'AdobeOrg' } }])
    expect(emulator.requests.at(-1)?.path).toBe('/ims/admin_organizations/v4')
  })

  it('the token of a user, another client and an unknown user are refused by IMS', async () => {
    const { token } = await serviceToken()
    const calls = [
      ims.getAdminProfile(await userToken('openid'), { userId, clientId: 'app' }),
      ims.getAdminProfile(token, { userId, clientId: 'app' }),
      ims.getAdminOrganizations(token, { userId: 'no@AdobeID', clientId: 'service' }),
    ]
    const errors = await Promise.all(calls.map((call) => failureOf(call)))
    expect(errors.map((error) => (error as { status?: number }).status)).toEqual([403, 400, 404])
  })

  it.each([
    undefined,
    {},
    { userId, clientId: '' },
    { userId: 'no-at', clientId: 'c' },
    { userId: '@x', clientId: 'c' },
    { userId, client: 'c' },
  ])('%j is BAD_OPTION before anything is sent', async (request) => {
    const before = emulator.requests.length
    expect(await failureOf(ims.getAdminProfile('t', request as never))).toMatchObject({ code: 'BAD_OPTION' })
    expect(await failureOf(ims.getAdminOrganizations('t', request as never))).toMatchObject({ code: 'BAD_OPTION' })
    expect(emulator.requests).toHaveLength(before)
  })

  it('uses post of a subclass, and its abort is the caller’s', async () => {
    const post = vi.spyOn(ims, 'post').mockResolvedValue('stubbed')
    expect(await ims.getAdminProfile('t', { userId, clientId: 'c' })).toBe('stubbed')
    post.mockRestore()
    const reason = new Error('enough')
    const request = { userId, clientId: 'c', signal: AbortSignal.abort(reason) }
    expect(await failureOf(ims.getAdminProfile('t', request))).toBe(reason)
  })
})

describe('getProductContexts', () => {
  const answering = (profile: unknown) =>
    new Ims({ endpoint: emulator.url, fetch: async () => Response.json(profile), retry: { retries: 0 } })
  const dataOf = async (fulfillable_data: unknown) => {
    const profile = { projectedProductContext: [{ prodCtx: { serviceCode: 'dma_aem_cloud', fulfillable_data } }] }
    return (await answering(profile).getProductContexts('t'))[0]?.fulfillableData
  }
  const zipped = (text: string) => gzipSync(text).toString('base64')

  it('reads the profile and decodes the data of each product', async () => {
    const token = await userToken('openid,AdobeID,additional_info.projectedProductContext')
    const contexts = await ims.getProductContexts(token)
    expect(contexts).toMatchObject([
      { serviceCode: 'dma_tartan', orgId, status: 'ACTIVE', fulfillableData: { region: 'VA7' } },
      { serviceCode: 'dma_aem_cloud', orgId, status: 'ACTIVE', fulfillableData: { iid: 'p12345-e67890' } },
    ])
    expect(contexts[1]?.raw).toMatchObject({ owningEntity: orgId, fulfillable_data: expect.any(String) })
    expect(emulator.requests.at(-1)?.path).toBe('/ims/profile/v1')
  })

  it('is empty without the scope', async () => {
    expect(await ims.getProductContexts(await userToken('openid,AdobeID'))).toEqual([])
  })

  it.each([
    ['JSON', '{"iid":"x"}'],
    ['gzipped JSON', zipped('{"iid":"x"}')],
    ['gzipped JSON in quotes', `"${zipped('{"iid":"x"}')}"`],
  ])('%s', async (_, data) => expect(await dataOf(data)).toEqual({ iid: 'x' }))

  it.each([
    ['text', 'Basic plan'],
    ['base64 that is not gzipped', btoa('{"iid":"x"}')],
    ['a truncated archive', zipped('{"iid":"x"}').slice(0, 20)],
    ['JSON that is not an object', '["x"]'],
    ['more than a million characters', zipped(JSON.stringify({ iid: 'x'.repeat(1_100_000) }))],
    ['a number', 7],
    ['nothing', null],
  ])('%s is left out, and raw has it', async (_, data) => expect(await dataOf(data)).toBeUndefined())

  it.each(['text', [], null, { projectedProductContext: 'x' }])('%j is not a profile', async (profile) => {
    expect(await failureOf(answering(profile).getProductContexts('t'))).toMatchObject({ code: 'IMS_MALFORMED' })
  })

  it('ignores what is not a product', async () => {
    expect(await answering({ projectedProductContext: [7, {}, { prodCtx: null }] }).getProductContexts('t')).toEqual([])
  })
})

describe('getAvatarUrl', () => {
  it('is an address that needs no token', async () => {
    const url = ims.getAvatarUrl(userId, { size: 'small' })
    expect(url).toBe(`${emulator.url}/ims/avatar/download/${userId}?size=small`)
    const response = await emulator.fetch(url)
    expect(response.headers.get('content-type')).toBe('image/svg+xml')
    expect(await response.text()).toContain('>SU</text>')
    expect(new Ims('stage').getAvatarUrl('a@AdobeID')).toBe(
      'https://ims-na1-stg1.adobelogin.com/ims/avatar/download/a@AdobeID',
    )
  })

  it('stays below its path, whatever the user id is', () => {
    expect(ims.getAvatarUrl('../../x?y#z')).toBe(`${emulator.url}/ims/avatar/download/..%2F..%2Fx%3Fy%23z`)
    for (const wrong of ['', undefined, 7])
      expect(() => ims.getAvatarUrl(wrong as never)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
    expect(() => ims.getAvatarUrl('a@b', { width: 1 } as never)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    )
  })
})
