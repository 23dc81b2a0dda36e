import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { post } from '../person.ts'
import { resourceCalls } from '../resource-calls.ts'

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

const { get, userToken } = resourceCalls(() => emulator)
const machineToken = async () => {
  const { client_id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
  const { body } = await post(`${emulator.url}/ims/token/v2`, {
    grant_type: 'client_credentials',
    client_id,
    client_secret: client_secrets[0] ?? '',
    org_id: ims_org_id,
    scope: 'openid',
  })
  return body.access_token as string
}

test('userinfo shows what the scopes allow, the old dialect with strings', async () => {
  const token = await userToken('openid,email,profile,address')
  const { body } = await get('/ims/userinfo/v2', token)
  expect(body).toEqual({
    sub: expect.stringMatching(/@AdobeID$/),
    account_type: 'ind',
    name: 'Sample User',
    given_name: 'Sample',
    family_name: 'User',
    email: 'user@example.com',
    email_verified: true,
    address: { country: 'US' },
  })
  expect((await get('/ims/userinfo', token)).body.email_verified).toBe('true')
  expect((await get('/ims/userinfo/v1', await userToken('openid'))).body).toEqual({ sub: body.sub })
  expect((await get('/ims/userinfo/v2', await userToken('AdobeID'))).status).toBe(403)
})

test('profile describes users and technical accounts', async () => {
  const { body } = await get('/ims/profile/v1', await userToken())
  expect(body).toMatchObject({ email: 'user@example.com', userId: expect.any(String), emailVerified: 'true' })
  expect(body).not.toHaveProperty('projectedProductContext')
  const projected = await get('/ims/profile/v3', await userToken('AdobeID,additional_info.projectedProductContext'))
  expect(projected.body.projectedProductContext[0].prodCtx.owningEntity).toMatch(/@AdobeOrg$/)
  expect(body).not.toHaveProperty('ownerOrg')
  const owned = await get('/ims/profile/v1', await userToken('AdobeID,additional_info.ownerOrg'))
  expect(owned.body.ownerOrg).toBe('0123456789ABCDEF01234567@AdobeOrg')
  expect((await get('/ims/profile', await machineToken())).body.userId).toMatch(/@techacct\.adobe\.com$/)
})

test('organizations needs read_organizations from users, not from machines', async () => {
  const { body } = await get('/ims/organizations/v6', await userToken())
  expect(body).toHaveLength(2)
  expect(body[0]).toMatchObject({
    orgName: 'Emulated Org',
    orgType: 'Enterprise',
    orgRef: { ident: '0123456789ABCDEF01234567', authSrc: 'AdobeOrg' },
    groups: [{ groupName: 'Administrators', role: 'GRP_ADMIN', ident: 123456789 }],
  })
  const refused = await get('/ims/organizations/v5', await userToken('openid'))
  expect(refused).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
  expect((await get('/ims/organizations', await machineToken())).body).toHaveLength(1)
})

test('account_cluster lists the profiles behind the login', async () => {
  const { body } = await get('/ims/account_cluster/v2?client_id=emulator-public', await userToken())
  expect(body.data).toHaveLength(3)
})

test.each(['/ims/userinfo/v2', '/ims/profile/v1', '/ims/organizations/v6', '/ims/account_cluster/v3'])(
  '%s refuses a missing or invalid token',
  async (path) => {
    for (const token of [undefined, 'garbage']) {
      const { status, body, headers } = await get(path, token)
      expect([status, body.error]).toEqual([401, 'invalid_token'])
      expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    }
  },
)

test('an access token works until it expires', async () => {
  const token = await userToken()
  emulator.setTime(Date.now() + 86_390_000)
  expect((await get('/ims/profile/v1', token)).status).toBe(200)
  emulator.setTime(Date.now() + 86_400_001)
  expect((await get('/ims/profile/v1', token)).status).toBe(401)
  emulator.setTime(undefined)
})
