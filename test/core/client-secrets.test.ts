import { describe, expect, test } from 'vitest'
import {
  authorizationCode,
  clientCredentials,
  clusterExchange,
  createClient,
  createIms,
  type Flow,
  jwtBearer,
  memoryPlatform,
  onBehalfOf,
  refreshToken,
  serviceToken,
} from '../../src/core/exports.ts'

const secret = { clientId: 'app', clientSecret: 's3cret' }
const person = { clientId: 'app', scopes: ['openid'] }
const jwt = { technicalAccountId: 't', orgId: 'o', metaScopes: ['m'], privateKey: 's3cret' }
const confidential: Record<string, Flow> = {
  authorizationCode: authorizationCode({ ...person, clientSecret: 's3cret' }),
  clientCredentials: clientCredentials({ ...secret, scopes: ['openid'] }),
  clusterExchange: clusterExchange({ ...secret, userToken: 'u', orgId: 'o' }),
  jwtBearer: jwtBearer({ ...secret, ...jwt }),
  onBehalfOf: onBehalfOf({ ...secret, userToken: 'u', scopes: 'openid' }),
  refreshToken: refreshToken({ ...secret, refreshToken: 'r' }),
  serviceToken: serviceToken({ ...secret, code: 'c' }),
}
const open: Record<string, Flow> = {
  authorizationCode: authorizationCode(person),
  clusterExchange: clusterExchange({ clientId: 'app', userToken: 'u', orgId: 'o' }),
  refreshToken: refreshToken({ clientId: 'app', refreshToken: 'r' }),
}
const inPage = { ...memoryPlatform(), allowsSecrets: false }

describe('a platform that refuses secrets', () => {
  test.each(Object.entries(confidential))('refuses %s (S31)', (_, flow) => {
    const make = (platform: typeof inPage) => () => createClient({ ...platform, flow: flow as never })
    expect(make(inPage)).toThrow(expect.objectContaining({ code: 'SECRET_IN_BROWSER' }))
    expect(make(inPage)).not.toThrow(/s3cret/)
    expect(make({ ...inPage, allowsSecrets: true })).not.toThrow()
  })

  test.each(Object.entries(open))('takes %s without a secret', (_, flow) => {
    expect(() => createClient({ ...inPage, flow: flow as never })).not.toThrow()
  })

  test('refuses a context with one, also if another client that allows them stored it', async () => {
    const allowed = createIms({ ...inPage, allowsSecrets: true })
    const refusing = createIms(inPage)
    const data = { client_id: 'app', client_secret: 's3cret', scope: 'openid' }
    const refused = { code: 'SECRET_IN_BROWSER', message: expect.not.stringContaining('s3cret') }
    await expect(refusing.context.set('web', data)).rejects.toMatchObject(refused)
    expect(await refusing.context.keys()).toEqual([])
    await allowed.context.set('web', data)
    await expect(refusing.getToken('web')).rejects.toMatchObject(refused)
    await expect(refusing.client('web')).rejects.toMatchObject(refused)
  })
})

test('the client of a named context is the one that serves its tokens', async () => {
  const ims = createIms(memoryPlatform())
  await ims.context.set('web', { client_id: 'app', scope: 'openid', redirect_uri: 'https://app.example/' })
  await ims.context.setCurrent('web')
  const client = await ims.client('web')
  expect(await ims.client()).toBe(client)
  expect('login' in client).toBe(true)
  await ims.context.set('web', { client_id: 'other', scope: 'openid' })
  expect(await ims.client('web')).not.toBe(client)
  await expect(ims.client('unknown')).rejects.toMatchObject({ code: 'CONTEXT_NOT_CONFIGURED' })
})
