import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import { createClient, onBehalfOf, serviceToken } from '../../src/core/index.ts'
import { api, emulator, on, sent, service, userClient } from './emulated-flows.ts'
import { rejection } from './setting.ts'

describe('onBehalfOf', () => {
  test('sends POST /ims/token/v4, for the user of the token and by the client of the API', async () => {
    const userToken = await userClient().login()
    const resource = ['https://two.example/', 'https://one.example/']
    const scopes = ['openid', 'AdobeID']
    const flow = onBehalfOf({ ...api, userToken, scopes, resource })
    const { accessToken, scopes: granted } = await createClient({ flow, ...on }).getTokens()
    const { user_id, client_id } = decodeJwt(userToken)
    expect(decodeJwt(accessToken)).toMatchObject({ client_id: 'api', user_id, act: { client_id: 'api' } })
    expect(client_id).not.toBe('api')
    expect(granted).toEqual(scopes)
    expect(sent(1).url.href).toBe(`${emulator.url}/ims/token/v4`)
    expect(sent(1).form).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      client_id: 'api',
      client_secret: 'api-secret',
      subject_token: userToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'openid,AdobeID',
      resource: 'https://two.example/',
    })
    expect(new URLSearchParams(String(sent(1).init.body)).getAll('resource')).toEqual([...resource].sort())
  })

  test('requests of one user share a token, and another user gets another one', async () => {
    const [first, second] = [await userClient().login(), await userClient().login({ prompt: 'login' })]
    const tokenFor = (userToken: string) =>
      createClient({ flow: onBehalfOf({ ...api, userToken, scopes: 'openid' }), ...on }).getToken()
    const tokens = await Promise.all([tokenFor(first), tokenFor(first), tokenFor(second)])
    expect(tokens[1]).toBe(tokens[0])
    expect(tokens[2]).not.toBe(tokens[0])
    expect(on.fetch.sent.filter((_, index) => sent(index).url.pathname === '/ims/token/v4')).toHaveLength(2)
    expect(await tokenFor(first)).toBe(tokens[0])
  })

  test('IMS refuses the token of a service, and the API finds out which token it was', async () => {
    const userToken = await createClient({ flow: serviceToken(service), ...on }).getToken()
    const client = createClient({ flow: onBehalfOf({ ...api, userToken, scopes: 'openid' }), ...on })
    const error = await rejection(client.getToken())
    expect(error).toMatchObject({ name: 'ImsResponseError', status: 400, imsError: 'invalid_token' })
    expect(`${error}${JSON.stringify(error)}`).not.toContain(userToken)
  })
})
