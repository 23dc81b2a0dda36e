import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'

const day = 86_400_000
const promise = { definitionId: 'the-definition' }
const emitter = { client_id: 'emitter', client_secret: 'emitter-secret' }
const consumer = { client_id: 'consumer', client_secret: 'consumer-secret' }

let emulator: Emulator
let authenticating_token: string

beforeAll(async () => {
  const scopes = ['openid', 'AdobeID', 'email']
  emulator = await createEmulator({
    autoLogin: 'user@example.com',
    clients: [
      { clientId: 'emitter', clientSecrets: ['emitter-secret'], scopes, promise: { ...promise, role: 'emitter' } },
      { clientId: 'consumer', clientSecrets: ['consumer-secret'], scopes, promise: { ...promise, role: 'consumer' } },
      { clientId: 'stranger', clientSecrets: ['s'], promise: { definitionId: 'other', role: 'consumer' } },
      { clientId: 'service', clientSecrets: ['s'], permanentCode: 'permanent' },
    ],
  })
  authenticating_token = await userToken()
})
afterAll(() => emulator.setTime(undefined))

const post = async (path: string, params: Record<string, string>) => {
  const response = await emulator.fetch(emulator.url + path, { method: 'POST', body: new URLSearchParams(params) })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

async function userToken(): Promise<string> {
  const { client_id, client_secret } = emulator.contexts.oauth
  const redirect_uri = 'http://127.0.0.1:5555/callback'
  const query = new URLSearchParams({ client_id, redirect_uri, scope: 'openid,AdobeID', response_type: 'code' })
  const back = await emulator.fetch(`${emulator.url}/ims/authorize/v2?${query}`)
  const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const grant = { grant_type: 'authorization_code', client_id, client_secret, code }
  return (await post('/ims/token/v3', grant)).body.access_token
}

const emit = (params: Record<string, string> = {}) =>
  post('/ims/token/v4', {
    grant_type: 'promise',
    ...emitter,
    promise_definition_id: promise.definitionId,
    authenticating_token,
    ...params,
  })
const exchange = (promise_token: string, params: Record<string, string> = {}) =>
  post('/ims/token/v4', { grant_type: 'promise_exchange', ...consumer, promise_token, ...params })
const emitted = async () => (await emit()).body.promise_token as string
const validate = async (token: string, type: string, client_id: string) =>
  (await post('/ims/validate_token/v1', { token, type, client_id })).body.valid

describe('promise', () => {
  test('answers a promise token of its own type for 30 days, with the scopes of the user', async () => {
    const { status, headers, body } = await emit()
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(body).toEqual({
      promise_token: expect.any(String),
      token_type: 'promise_token',
      scope: 'openid,AdobeID',
      expires_in: 2_591_999,
    })
    expect(decodeProtectedHeader(body.promise_token)).toMatchObject({ alg: 'RS256', itt: 'pt' })
    expect(decodeJwt(body.promise_token)).toMatchObject({ type: 'promise_token', client_id: 'emitter' })
  })

  test('takes scopes by comma, within those of the client', async () => {
    expect((await emit({ scope: 'openid,email' })).body.scope).toBe('openid,email')
    const refused = await emit({ scope: 'openid,semrush' })
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })

  test('has the lifetime that the emulator was given', async () => {
    const own = await createEmulator({
      promiseTokenLifetime: 4 * 3_600_000,
      autoLogin: 'user@example.com',
      clients: [{ clientId: 'emitter', clientSecrets: ['emitter-secret'], promise: { ...promise, role: 'emitter' } }],
    })
    const shared = emulator
    emulator = own
    try {
      expect((await emit({ authenticating_token: await userToken() })).body.expires_in).toBe(14_399)
    } finally {
      emulator = shared
    }
  })

  test('refuses what is missing, another definition, and every token that is not the valid one of a user', async () => {
    const service = { client_id: 'service', client_secret: 's' }
    const machine = await post('/ims/token/v4', { grant_type: 'authorization_code', code: 'permanent', ...service })
    for (const [params, status, error] of [
      [{ promise_definition_id: '' }, 400, 'invalid_request'],
      [{ promise_definition_id: 'other' }, 400, 'invalid_request'],
      [{ authenticating_token: '' }, 400, 'invalid_request'],
      [{ authenticating_token: 'garbage' }, 401, 'invalid_token'],
      [{ authenticating_token: await emitted() }, 401, 'invalid_token'],
      [{ authenticating_token: machine.body.access_token }, 401, 'invalid_token'],
      [{ ...consumer }, 400, 'unauthorized_client'],
      [service, 400, 'unauthorized_client'],
    ] as const) {
      expect(await emit(params), JSON.stringify(params)).toMatchObject({ status, body: { error } })
    }
    emulator.setTime(Date.now() + day + 1)
    expect(await emit()).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    emulator.setTime(undefined)
  })

  test.each([{ definitionId: '', role: 'emitter' }, { definitionId: 'd', role: 'both' }, null])(
    'the registration %j is refused',
    async (incomplete) => {
      const clients = [{ clientId: 'c', clientSecrets: ['s'], promise: incomplete }]
      await expect(createEmulator({ clients } as never)).rejects.toMatchObject({ code: 'BAD_OPTION' })
    },
  )
})

describe('promise_exchange', () => {
  test('answers a short-lived access token of the consumer for the user, and the next promise token', async () => {
    const first = await emitted()
    const { status, headers, body } = await exchange(first)
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(body).toEqual({
      access_token: expect.any(String),
      promise_token: expect.any(String),
      promise_token_id: decodeJwt(body.promise_token).id,
      token_type: 'access_token',
      scope: 'openid,AdobeID',
      expires_in: 299,
      promise_token_expires_in: expect.any(Number),
    })
    expect(body.promise_token).not.toBe(first)
    const keys = createLocalJWKSet(await (await emulator.fetch(`${emulator.url}/ims/keys`)).json())
    const { payload } = await jwtVerify(body.access_token, keys)
    const { user_id } = decodeJwt(authenticating_token)
    expect(payload).toMatchObject({ type: 'access_token', client_id: 'consumer', user_id, expires_in: '300000' })
  })

  test('a promise token works once, the next one works again', async () => {
    const first = await emitted()
    const { body } = await exchange(first)
    expect(await exchange(first)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    expect((await exchange(body.promise_token)).status).toBe(200)
  })

  test('only one of two exchanges at the same time succeeds', async () => {
    const token = await emitted()
    const answers = await Promise.all([exchange(token), exchange(token)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401])
  })

  test('the next promise token expires when the first one would have', async () => {
    const start = Date.now()
    emulator.setTime(start)
    authenticating_token = await userToken()
    let token = await emitted()
    for (const days of [10, 20, 29]) {
      emulator.setTime(start + days * day)
      const { body } = await exchange(token)
      expect(body.promise_token_expires_in).toBe((30 - days) * 86_400 - 1)
      token = body.promise_token
    }
    emulator.setTime(start + 30 * day)
    expect(await exchange(token)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    emulator.setTime(undefined)
  })

  test('scopes are narrowed by comma, never widened', async () => {
    expect((await exchange(await emitted(), { scope: 'openid' })).body.scope).toBe('openid')
    const refused = await exchange(await emitted(), { scope: 'openid,email' })
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })

  test('refuses another definition, the emitter, and what is not a promise token', async () => {
    const token = await emitted()
    const stranger = { client_id: 'stranger', client_secret: 's' }
    expect(await exchange(token, stranger)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    expect(await exchange(token, emitter)).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } })
    expect(await exchange('')).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    expect(await exchange(authenticating_token)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    expect((await exchange(token)).status).toBe(200)
  })
})

describe('the end of a promise', () => {
  const invalidate = (token: string, client: Record<string, string>) =>
    post('/ims/invalidate_token/v2', { token, token_type: 'promise_token', ...client })

  test.each([
    ['emitter', emitter],
    ['consumer', consumer],
  ])('the %s can invalidate its promise token', async (_, client) => {
    const token = await emitted()
    expect(await validate(token, 'promise_token', 'emitter')).toBe(true)
    expect((await invalidate(token, client)).status).toBe(200)
    expect(await validate(token, 'promise_token', 'emitter')).toBe(false)
    expect((await exchange(token)).status).toBe(401)
  })

  test('a client of another definition cannot', async () => {
    const token = await emitted()
    const refused = await invalidate(token, { client_id: 'stranger', client_secret: 's' })
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_token' } })
    expect((await exchange(token)).status).toBe(200)
  })

  test('a promise outlives the session of its user', async () => {
    const token = await emitted()
    const { client_id, client_secret } = emulator.contexts.oauth
    await post('/ims/logout/v1', { client_id, client_secret, access_token: authenticating_token })
    expect(await validate(authenticating_token, 'access_token', client_id)).toBe(false)
    expect((await exchange(token)).status).toBe(200)
    authenticating_token = await userToken()
  })
})
