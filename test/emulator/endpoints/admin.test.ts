import { beforeAll, describe, expect, test } from 'vitest'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'

const org = { id: 'AAAAAAAAAAAAAAAAAAAAAAAA@AdobeOrg', name: 'An org', userId: 'PROFILE@dir.e' }
const bare = { id: 'BBBBBBBBBBBBBBBBBBBBBBBB@AdobeOrg', name: 'Without groups', groups: [] }
const service = { client_id: 'service', client_secret: 's' }

let emulator: Emulator
let serviceToken: string
let userId: string

beforeAll(async () => {
  emulator = await createEmulator({
    users: [
      { email: 'one@example.com', userId: 'ONE@AdobeID', firstName: 'One', country: 'CH', organizations: [org, bare] },
      { email: 'two@example.com', userId: 'TWO@AdobeID', organizations: [org] },
    ],
    clients: [
      { clientId: 'service', clientSecrets: ['s'], permanentCode: 'permanent' },
      { clientId: 'system', clientSecrets: ['s'], technicalAccountId: 'T@techacct.adobe.com', orgId: org.id },
    ],
  })
  serviceToken = await tokenFor({ grant_type: 'authorization_code', code: 'permanent', ...service })
  userId = 'ONE@AdobeID'
})

async function tokenFor(params: Record<string, string>): Promise<string> {
  const init = { method: 'POST', body: new URLSearchParams(params) }
  return (await (await emulator.fetch(`${emulator.url}/ims/token/v4`, init)).json()).access_token
}

async function ask(path: string, params?: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await emulator.fetch(emulator.url + path, {
    headers: { authorization: `Bearer ${serviceToken}`, ...headers },
    ...(params && { method: 'POST', body: new URLSearchParams(params) }),
  })
  return { status: response.status, body: await response.json() }
}

const idOf = (id: string) => {
  const [guid = '', auth_src = ''] = id.split('@')
  return { guid, auth_src }
}

describe('admin_profile', () => {
  test.each(['v1', 'v2', 'v3'])('%s shows the profile of a user to a service', async (version) => {
    const { status, body } = await ask(`/ims/admin_profile/${version}`, idOf(userId), { 'x-ims-clientid': 'service' })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      userId,
      email: 'one@example.com',
      first_name: 'One',
      countryCode: 'CH',
      ownerOrg: org.id,
      projectedProductContext: [
        { prodCtx: { owningEntity: org.id, serviceCode: 'dma_tartan' } },
        { prodCtx: { owningEntity: org.id, serviceCode: 'dma_aem_cloud' } },
        {},
        {},
      ],
    })
  })

  test('knows the profile of a user in an organization', async () => {
    const { body } = await ask('/ims/admin_profile/v3', { ...idOf(org.userId), client_id: 'service' })
    expect(body).toMatchObject({ userId: org.userId, authId: userId, account_type: 'type2e', ownerOrg: org.id })
  })
})

test('admin_organizations lists the organizations of a user', async () => {
  for (const version of ['v1', 'v6']) {
    const { body } = await ask(`/ims/admin_organizations/${version}`, idOf(userId))
    expect(body).toMatchObject([
      { orgName: 'An org', orgRef: { ident: 'AAAAAAAAAAAAAAAAAAAAAAAA', authSrc: 'AdobeOrg' }, countryCode: 'CH' },
      { orgName: 'Without groups', groups: [] },
    ])
  }
})

describe('one organization', () => {
  test('has its groups, the members’ one without ident, and ident as text', async () => {
    const { status, body } = await ask(`/ims/organizations/${encodeURIComponent(org.id)}/v2?client_id=service`)
    expect(status).toBe(200)
    expect(body).toEqual({
      orgName: 'An org',
      orgType: 'Enterprise',
      countryCode: 'CH',
      groups: [
        { groupName: 'Administrators', role: 'GRP_ADMIN', ident: '123456789' },
        { groupName: 'Members', role: 'TEAM_MEMBER' },
      ],
    })
  })

  test('may be without groups', async () => {
    const { body } = await ask(`/ims/organizations/${bare.id}/v2`)
    expect(body).toEqual({ orgName: 'Without groups', orgType: 'Enterprise', countryCode: 'CH' })
  })

  test('lists the members of a group', async () => {
    const { body } = await ask(`/ims/organizations/${org.id}/groups/123456789/members?client_id=service`)
    expect(body).toMatchObject({ startIndex: 0, batchSize: 2, totalSize: 2 })
    expect(body.items).toEqual([
      { username: 'one@example.com', email: 'one@example.com', firstName: 'One', lastName: 'User' },
      { username: 'two@example.com', email: 'two@example.com', firstName: 'Sample', lastName: 'User' },
    ])
    for (const path of [`${org.id}/groups/undefined/members`, `${bare.id}/groups/123456789/members`])
      expect((await ask(`/ims/organizations/${path}`)).status).toBe(404)
  })

  test('has a product context', async () => {
    const params = { org_id: 'AAAAAAAAAAAAAAAAAAAAAAAA', auth_src: 'AdobeOrg', client_id: 'service' }
    const { body } = await ask('/ims/fetch_pc_by_org/v1', params)
    expect(body.productContexts[0].params.tenant_id).toBe('tenant-aaaaaaaaaaaaaaaaaaaaaaaa')
  })
})

describe('a caller is refused', () => {
  const calls: [string, Record<string, string> | undefined][] = [
    ['/ims/admin_profile/v3', { guid: 'ONE', auth_src: 'AdobeID' }],
    ['/ims/admin_organizations/v5', { guid: 'ONE', auth_src: 'AdobeID' }],
    [`/ims/organizations/${org.id}/v2`, undefined],
    [`/ims/organizations/${org.id}/groups/123456789/members`, undefined],
    ['/ims/fetch_pc_by_org/v1', { org_id: 'AAAAAAAAAAAAAAAAAAAAAAAA', auth_src: 'AdobeOrg' }],
  ]

  test.each(calls)('%s without a service token', async (path, params) => {
    const missing = await ask(path, params, { authorization: '' })
    expect(missing).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    const grant = { grant_type: 'client_credentials', client_id: 'system', client_secret: 's' }
    const authorization = `Bearer ${await tokenFor({ ...grant, scope: 'openid' })}`
    expect(await ask(path, params, { authorization })).toMatchObject({ status: 403, body: { error: 'access_denied' } })
    const system = `Bearer ${await tokenFor({ ...grant, scope: 'system' })}`
    expect((await ask(path, params, { authorization: system })).status).toBe(200)
  })

  test.each(calls)('%s as another client', async (path, params) => {
    for (const id of ['system', 'nobody'])
      expect(await ask(path, params, { 'x-ims-clientid': id })).toMatchObject({
        status: 400,
        body: { error: 'invalid_client' },
      })
  })

  test('who asks for what does not exist, or for nothing', async () => {
    expect(await ask('/ims/admin_profile/v1', { guid: 'NO', auth_src: 'AdobeID' })).toMatchObject({ status: 404 })
    expect(await ask('/ims/organizations/NO@AdobeOrg/v2')).toMatchObject({ status: 404, body: { error: 'not_found' } })
    expect(await ask('/ims/organizations/%E0%A4%A/v2')).toMatchObject({ status: 400 })
    for (const params of [{ guid: 'ONE' }, { auth_src: 'AdobeID' }, {}] as Record<string, string>[])
      expect(await ask('/ims/admin_profile/v1', params)).toMatchObject({ body: { error: 'invalid_request' } })
  })
})
