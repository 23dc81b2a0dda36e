import { describe, expect, test } from 'vitest'
import {
  authorizationCode,
  clientCredentials,
  clusterExchange,
  createClient,
  Ims,
  refreshToken,
} from '../../src/core/index.ts'
import { emulator, on, sent, userClient } from './emulated-flows.ts'
import { follow, redirectUri, rejection, storedTokens } from './setting.ts'

const resource = ['https://two.example/', 'https://one.example/mcp']
const sorted = [...resource].sort()
const sentResources = (index?: number) => new URLSearchParams(String(sent(index).init.body)).getAll('resource')

describe('resource (RFC 8707)', () => {
  test('of a login is in the authorization request, the code exchange and each refresh', async () => {
    const { client_id: clientId } = emulator.contexts.oauth_public
    const flow = authorizationCode({ clientId, scopes: 'AdobeID,offline_access', redirectUri, resource })
    const client = createClient({ flow, ...on })
    const url = await client.startLogin()
    expect(url.searchParams.getAll('resource')).toEqual(sorted)
    await client.finishLogin(await follow(emulator, url))
    await client.getToken({ force: true })
    expect([sentResources(0), sentResources(1)]).toEqual([sorted, sorted])
    expect(sent(1).form.grant_type).toBe('refresh_token')
    const first = String((await storedTokens(on.store))?.refreshToken)
    await createClient({ flow: refreshToken({ clientId, refreshToken: first, resource: sorted[0] }), ...on }).getToken()
    expect(sentResources(2)).toEqual(sorted.slice(0, 1))
  })

  test('of a credential and of an exchange is in the token request', async () => {
    const { client_id: clientId, client_secrets: clientSecret, scopes } = emulator.contexts.oauth_server_to_server
    await createClient({ flow: clientCredentials({ clientId, clientSecret, scopes, resource }), ...on }).getToken()
    expect(sentResources(0)).toEqual(sorted)
    const userToken = await userClient().login()
    const other = { clientId: emulator.contexts.oauth_public.client_id, userToken, orgId: 'TWO@AdobeOrg' }
    await createClient({ flow: clusterExchange({ ...other, resource }), ...on }).getToken()
    expect(sentResources(2)).toEqual(sorted)
  })

  test('is part of what distinguishes tokens, and without one nothing changes', async () => {
    const options = { clientId: 'c', clientSecret: 's', scopes: 'openid' }
    const ids = [undefined, [], resource, sorted, sorted.slice(1)].map(
      (named) => clientCredentials({ ...options, resource: named }).id,
    )
    expect(ids[0]).toBe(ids[1])
    expect(ids[2]).toBe(ids[3])
    expect(new Set(ids).size).toBe(3)
    expect(ids[0]).not.toContain('[]')
  })

  test('is sent by Ims too', async () => {
    const { client_id: clientId } = emulator.contexts.oauth_public
    const token = await userClient().login()
    const ims = new Ims({ endpoint: emulator.url, fetch: on.fetch })
    await ims.exchangeToken({ clientId, token, orgId: 'TWO@AdobeOrg', resource })
    expect(sentResources(1)).toEqual(sorted)
    const first = String((await storedTokens(on.store))?.refreshToken)
    await ims.refreshToken({ clientId, refreshToken: first, resource: sorted[0] })
    expect(sentResources(2)).toEqual(sorted.slice(0, 1))
    await rejection(ims.exchangeAuthorizationCode({ clientId, code: 'x', resource }))
    expect(sentResources(3)).toEqual(sorted)
  })

  test.each([7, '', 'api', '/api', 'https://api.example/#part', ['https://a.example/', 7], {}])(
    '%j is refused before anything is sent',
    async (wrong) => {
      const options = { clientId: 'c', clientSecret: 's', scopes: 'openid', resource: wrong as never }
      for (const make of [clientCredentials, authorizationCode])
        expect(() => make(options)).toThrow(
          expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining('resource') }),
        )
      const ims = new Ims({ endpoint: emulator.url, fetch: on.fetch })
      const refused = rejection(ims.refreshToken({ clientId: 'c', refreshToken: 'r', resource: wrong as never }))
      expect(await refused).toMatchObject({ code: 'BAD_OPTION' })
      expect(on.fetch.sent).toEqual([])
    },
  )
})
