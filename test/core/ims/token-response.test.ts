import { describe, expect, it } from 'vitest'
import { clientCredentials, createClient, memoryPlatform } from '../../../src/core/index.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { json, unsignedToken } from '../scripted-server.ts'
import { ask, day, good, imsAt, server } from './ims-on-server.ts'

describe('a token answer', () => {
  const expiryOf = async (body: unknown, headers: Record<string, string> = {}) => {
    const clock = fakeClock()
    server.play(json(body, 200, { date: new Date(clock.now()).toUTCString(), ...headers }))
    const { access_token } = await ask(imsAt({ clock }))
    return access_token.expiry - clock.now()
  }

  it.each(['bearer', 'Bearer', 'BEARER', undefined])('may have token_type %s', async (token_type) => {
    await expect(expiryOf({ ...good, token_type })).resolves.toBe(3_600_000)
  })

  it.each([
    { refresh_token: null },
    { refresh_token: '' },
    { refresh_token: 5 },
    { scope: null },
    { scope: '' },
    { scope: {} },
    { id_token: null },
    { id_token: '' },
    { token_type: null },
    { expires_in: '3600' },
    { expires_in: 3600.5 },
    { error: null, error_description: null },
    { refresh_token: null, scope: null, id_token: null, token_type: null, account_cluster_data: null },
  ])('may have empty optional members: %j', async (more) => {
    const expected = Number(more.expires_in ?? 3600) * 1000
    await expect(expiryOf({ ...good, ...more })).resolves.toBe(expected)
    server.play(json({ ...good, ...more, expires_in: 3_600_000 }))
    const exchanged = await imsAt().exchangeJwtToken('c', 's', 'assertion')
    expect(exchanged.access_token.token).toBe('opaque-token')
  })

  it('may have expires_in null, as if it were missing', async () => {
    await expect(expiryOf({ ...good, expires_in: null })).resolves.toBe(600_000)
  })

  it('may have scopes as a list', async () => {
    server.play(json({ ...good, scope: ['openid', 'AdobeID'] }))
    const flow = clientCredentials({ clientId: 'c', clientSecret: 's', scopes: ['openid'] })
    const client = createClient({ flow, endpoint: server.url, ...memoryPlatform() })
    expect((await client.getTokens()).scopes).toEqual(['openid', 'AdobeID'])
  })

  it('may have unknown members, another content type and another charset (S36)', async () => {
    server.play((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain; charset=iso-8859-1' })
      response.end(JSON.stringify({ ...good, surprise: { x: [1] }, __proto__: { polluted: true } }))
    })
    await expect(ask()).resolves.toMatchObject({ payload: { surprise: { x: [1] } } })
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  it('may say expires_in as a string (S36)', async () => {
    await expect(expiryOf({ ...good, expires_in: '3600' })).resolves.toBe(3_600_000)
  })

  it('with a huge expires_in is not believed for ever (S36)', async () => {
    await expect(expiryOf({ ...good, expires_in: 1e15 })).resolves.toBe(366 * day)
  })

  it('without expires_in takes the expiry from the claims', async () => {
    const clock = fakeClock()
    const access_token = unsignedToken({ created_at: String(clock.now()), expires_in: '7200000' })
    await expect(expiryOf({ access_token })).resolves.toBe(7_200_000)
    const standard = unsignedToken({ exp: clock.now() / 1000 + 60 })
    await expect(expiryOf({ access_token: standard })).resolves.toBe(60_000)
  })

  it('prefers expires_in over the claims', async () => {
    const access_token = unsignedToken({ created_at: '0', expires_in: '1' })
    await expect(expiryOf({ ...good, access_token })).resolves.toBe(3_600_000)
  })

  it('without expires_in and without readable claims is valid for a short time only', async () => {
    await expect(expiryOf({ access_token: 'opaque' })).resolves.toBe(600_000)
  })
})
