import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getTokenData, Ims, type ImsOptions } from '../../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { failureOf, json, scriptedServer } from '../scripted-server.ts'

const emitter = { clientId: 'emitter', clientSecret: 'emitter-canary', promiseDefinitionId: 'definition' }
const consumer = { clientId: 'consumer', clientSecret: 'consumer-canary' }

let server: Awaited<ReturnType<typeof scriptedServer>>
beforeAll(async () => {
  server = await scriptedServer()
})
afterAll(() => server.close())

const imsAt = (options: ImsOptions = {}) => new Ims({ endpoint: server.url, retry: { baseDelay: 0 }, ...options })
const emit = (ims = imsAt(), more: object = {}) =>
  ims.getPromiseToken({ ...emitter, authenticatingToken: 'user-canary', ...more })
const exchange = (ims = imsAt(), more: object = {}) =>
  ims.exchangePromiseToken({ ...consumer, promiseToken: 'promise-canary', ...more })
const sent = () => Object.fromEntries(new URLSearchParams(server.arrived[0]?.body))

const promised = { promise_token: 'p-1', token_type: 'promise_token', scope: 'openid,AdobeID', expires_in: 2_591_999 }
const exchanged = {
  access_token: 'a-1',
  promise_token: 'p-2',
  promise_token_id: 'id-2',
  token_type: 'access_token',
  scope: 'openid,AdobeID',
  expires_in: 299,
  promise_token_expires_in: 2_591_927,
}

describe('getPromiseToken', () => {
  it('posts to v4 and returns times in ms', async () => {
    server.play(json(promised))
    const clock = fakeClock()
    const result = await emit(imsAt({ clock }), { scopes: ['openid', 'AdobeID'] })
    expect(server.arrived[0]).toMatchObject({ method: 'POST', path: '/ims/token/v4' })
    expect(sent()).toEqual({
      grant_type: 'promise',
      client_id: 'emitter',
      client_secret: 'emitter-canary',
      promise_definition_id: 'definition',
      authenticating_token: 'user-canary',
      scope: 'openid,AdobeID',
    })
    expect(result).toEqual({
      promiseToken: 'p-1',
      tokenType: 'promise_token',
      scopes: ['openid', 'AdobeID'],
      expiresAt: clock.now() + 2_591_999_000,
    })
  })

  it('sends no scope if none is given, and accepts an answer without scope and token_type', async () => {
    server.play(json({ promise_token: 'p-1', expires_in: 1 }))
    const result = await emit()
    expect(sent()).not.toHaveProperty('scope')
    expect(result).toEqual({ promiseToken: 'p-1', tokenType: 'promise_token', expiresAt: expect.any(Number) })
  })

  it('is tried again after a failure, as it uses nothing up', async () => {
    server.play((request, response, attempt) =>
      attempt === 1 ? void response.writeHead(503).end() : json(promised)(request, response, attempt),
    )
    await expect(emit()).resolves.toMatchObject({ promiseToken: 'p-1' })
    expect(server.arrived).toHaveLength(2)
  })
})

describe('exchangePromiseToken', () => {
  it('posts to v4 and returns the access token and the next promise token, times in ms', async () => {
    server.play(json(exchanged))
    const clock = fakeClock()
    const result = await exchange(imsAt({ clock }), { scopes: 'openid AdobeID' })
    expect(server.arrived[0]).toMatchObject({ method: 'POST', path: '/ims/token/v4' })
    expect(sent()).toEqual({
      grant_type: 'promise_exchange',
      client_id: 'consumer',
      client_secret: 'consumer-canary',
      promise_token: 'promise-canary',
      scope: 'openid,AdobeID',
    })
    expect(result).toEqual({
      accessToken: 'a-1',
      tokenType: 'access_token',
      expiresAt: clock.now() + 299_000,
      scopes: ['openid', 'AdobeID'],
      promiseToken: 'p-2',
      promiseTokenId: 'id-2',
      promiseExpiresAt: clock.now() + 2_591_927_000,
    })
  })

  it('accepts an answer without another promise token', async () => {
    server.play(json({ access_token: 'a-1', token_type: 'Bearer', expires_in: 299 }))
    expect(await exchange()).toEqual({ accessToken: 'a-1', tokenType: 'Bearer', expiresAt: expect.any(Number) })
  })

  it('is sent once only, whatever happens', async () => {
    server.play((_request, response) => void response.writeHead(503).end())
    expect(await failureOf(exchange())).toMatchObject({ code: 'IMS_UNAVAILABLE' })
    expect(server.arrived).toHaveLength(1)
    server.play((_request, response) => void response.destroy())
    expect(await failureOf(exchange())).toMatchObject({ code: 'NETWORK_FAILED' })
    expect(server.arrived).toHaveLength(1)
  })
})

describe.each([
  ['getPromiseToken', emit, promised, 'promise_token', 'user-canary'],
  ['exchangePromiseToken', exchange, exchanged, 'access_token', 'promise-canary'],
] as const)('%s', (_, ask, good, token, secret) => {
  it('rejects with IMS’s own error', async () => {
    for (const status of [400, 401, 200]) {
      server.play(json({ error: 'invalid_token', error_description: `no ${secret}` }, status))
      const error = await failureOf(ask())
      expect(error).toMatchObject({ code: 'HTTP_ERROR', status, imsError: 'invalid_token' })
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary')
    }
  })

  it.each([
    ['no token', { [token]: undefined }],
    ['an empty token', { [token]: '' }],
    ['a token that is not text', { [token]: 7 }],
    ['another token_type', { token_type: 'DPoP' }],
    ['a lifetime of 0', { expires_in: 0 }],
    ['a lifetime that is not a number', { expires_in: 'soon' }],
  ])('refuses an answer with %s', async (_fault, change) => {
    server.play(json({ ...good, ...change }))
    expect(await failureOf(ask())).toMatchObject({ code: 'IMS_MALFORMED' })
  })

  it('refuses an answer that is not JSON', async () => {
    for (const body of ['', '<html>', '[]']) {
      server.play((_request, response) => void response.writeHead(200).end(body))
      expect(await failureOf(ask())).toMatchObject({ code: 'IMS_MALFORMED' })
    }
  })

  it.each([
    { clientId: undefined },
    { clientId: '' },
    { clientSecret: undefined },
    { clientSecret: 5 },
    { promiseDefinitionId: '', promiseToken: '' },
    { authenticatingToken: null, promiseToken: null },
    { scopes: 7 },
    { scope: 'openid' },
    { signal: 'x' },
  ])('refuses %j before anything is sent', async (wrong) => {
    server.play(json(good))
    const error = await failureOf(ask(imsAt(), wrong))
    const named = new RegExp(Object.keys(wrong).join('|'))
    expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringMatching(named) })
    expect(String(error)).not.toContain('canary')
    expect(server.arrived).toHaveLength(0)
  })

  it('suggests the right name of an option', async () => {
    const error = await failureOf(ask(imsAt(), { scope: 'openid' }))
    expect(error).toMatchObject({ message: expect.stringContaining("did you mean 'scopes'?") })
  })

  it('stops when its signal is aborted', async () => {
    server.play(() => {})
    const { signal, abort } = abortable()
    const asked = failureOf(ask(imsAt(), { signal }))
    await server.arrivals(1)
    abort('enough')
    expect(await asked).toBe('enough')
    expect(await failureOf(ask(imsAt(), { signal: AbortSignal.abort('before') }))).toBe('before')
  })

  it('returns a result that does not show its tokens when it is printed', async () => {
    server.play(json({ ...good, [token]: 'the-canary', promise_token: 'the-canary' }))
    const result = await ask()
    expect(inspect(result, { depth: 9, showHidden: true })).not.toContain('canary')
    expect(JSON.stringify(result)).toContain('the-canary')
  })
})

function abortable() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: (reason: unknown) => controller.abort(reason) }
}

describe('with the emulator', () => {
  let emulator: Emulator
  beforeAll(async () => {
    const promise = { definitionId: emitter.promiseDefinitionId }
    emulator = await createEmulator({
      autoLogin: 'user@example.com',
      clients: [
        { clientId: 'emitter', clientSecrets: [emitter.clientSecret], promise: { ...promise, role: 'emitter' } },
        { clientId: 'consumer', clientSecrets: [consumer.clientSecret], promise: { ...promise, role: 'consumer' } },
      ],
    })
  })

  it('one client gets a promise token, another one exchanges it again and again, until it is invalidated', async () => {
    const ims = new Ims({ endpoint: emulator.url, fetch: emulator.fetch })
    const { client_id: clientId, client_secret: clientSecret } = emulator.contexts.oauth
    const redirectUri = 'http://127.0.0.1:5555/callback'
    const query = new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri, scope: 'openid,AdobeID' })
    const back = await emulator.fetch(`${emulator.url}/ims/authorize/v2?${query}`)
    const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? ''
    const { access_token: user } = await ims.exchangeAuthorizationCode({ clientId, clientSecret, code })

    const first = await ims.getPromiseToken({ ...emitter, authenticatingToken: user.token, scopes: ['openid'] })
    expect(first).toMatchObject({ tokenType: 'promise_token', scopes: ['openid'] })
    const second = await ims.exchangePromiseToken({ ...consumer, promiseToken: first.promiseToken })
    const { user_id, client_id } = getTokenData(second.accessToken)
    expect([user_id, client_id]).toEqual([getTokenData(user.token).user_id, 'consumer'])
    expect(await failureOf(ims.exchangePromiseToken({ ...consumer, promiseToken: first.promiseToken }))).toMatchObject({
      code: 'HTTP_ERROR',
      status: 401,
      imsError: 'invalid_token',
    })
    const third = await ims.exchangePromiseToken({ ...consumer, promiseToken: second.promiseToken ?? '' })
    const last = third.promiseToken ?? ''
    await expect(ims.invalidateToken(last, consumer.clientId, consumer.clientSecret)).resolves.toBe('')
    expect(await failureOf(ims.exchangePromiseToken({ ...consumer, promiseToken: last }))).toMatchObject({
      status: 401,
    })
  })
})
