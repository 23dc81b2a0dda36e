import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  type CreateImsOptions,
  createIms,
  getTokenData,
  type ImsEvent,
  type Json,
  memoryPlatform,
  memoryStore,
  UnavailableError,
} from '../../../src/core/index.ts'
import { createEmulator } from '../../../src/emulator/index.ts'
import { failureOf } from '../scripted-server.ts'
import {
  day,
  emulator,
  forgetRequests,
  imsOver,
  machine,
  person,
  requests,
  stored,
  tokenRequests,
} from './contexts-on-emulator.ts'

describe('getToken', () => {
  it('resolves to the access token and keeps it in its context, bound to what it is for', async () => {
    const store = memoryStore()
    const { context, getToken } = imsOver({ store })
    await context.set('x', machine())
    const token = await getToken('x')
    const { data } = await context.get('x')
    expect(data).toEqual({
      ...machine(),
      access_token: {
        token,
        expiry: expect.any(Number),
        obtained_at: expect.any(Number),
        for: expect.stringContaining(machine().client_id),
      },
    })
    const expiry = stored(data, 'access_token')?.expiry ?? 0
    expect(Math.abs(expiry - Date.now() - day)).toBeLessThan(10_000)
    expect(await context.keys()).toEqual(['x'])
    // another process over the same store
    expect(await imsOver({ store }).getToken('x')).toBe(token)
    expect(tokenRequests()).toHaveLength(1)
  })

  it.each(['jwt', 'oauth_server_to_server'] as const)('of a %s context needs no user', async (kind) => {
    const { context, getToken } = imsOver()
    await context.set('x', emulator.contexts[kind])
    expect(getTokenData(await getToken('x'))).toMatchObject({ client_id: emulator.contexts[kind].client_id })
  })

  it('of a context that was not set is CONTEXT_NOT_CONFIGURED', async () => {
    const { context, getToken, invalidateToken } = imsOver()
    for (const work of [getToken('none'), invalidateToken('none')]) {
      expect(await failureOf(work)).toMatchObject({
        name: 'ConfigurationError',
        code: 'CONTEXT_NOT_CONFIGURED',
        message: expect.stringContaining("'none'"),
      })
    }
    await context.setCurrent('gone')
    expect(await failureOf(getToken())).toMatchObject({ code: 'CONTEXT_NOT_CONFIGURED' })
  })

  it.each([['text'], [5], [['list']], [true]])(
    'of a context whose stored data is %j is CONTEXT_NOT_CONFIGURED',
    async (data) => {
      const store = memoryStore()
      await store.set('ims.contexts.x', data)
      expect(await failureOf(imsOver({ store }).getToken('x'))).toMatchObject({ code: 'CONTEXT_NOT_CONFIGURED' })
    },
  )

  it('makes one request for 100 concurrent callers, and one for each context', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    await context.set('y', { ...machine(), scopes: ['openid'] })
    const tokens = await Promise.all(Array.from({ length: 100 }, (_, index) => getToken(index % 2 ? 'x' : 'y')))
    expect(new Set(tokens).size).toBe(2)
    expect(tokenRequests()).toHaveLength(2)
    expect(tokens[0]).toBe(tokens[2])
    expect(tokens[0]).not.toBe(tokens[1])
  })

  it('rejects for the caller that aborts, with its own reason, and for no other caller', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    const control = new AbortController()
    const reason = { mine: true }
    const [left, stayed] = [failureOf(getToken('x', { signal: control.signal })), getToken('x')]
    control.abort(reason)
    expect(await left).toBe(reason)
    expect(await stayed).toBeTypeOf('string')
    expect(await failureOf(getToken('x', { signal: AbortSignal.abort(reason) }))).toBe(reason)
  })

  it('with force gets another one', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    const first = await getToken('x')
    const second = await getToken('x', { force: true })
    expect(second).not.toBe(first)
    expect(await getToken('x')).toBe(second)
  })

  it('takes minValidity, for the client or for one call', async () => {
    const short = await createEmulator({ accessTokenLifetime: 3_600_000 })
    const ims = createIms({ ...memoryPlatform(), fetch: short.fetch, minValidity: 60_000 })
    await ims.context.set('x', short.contexts.oauth_server_to_server)
    const first = await ims.getToken('x')
    expect(await ims.getToken('x', { minValidity: 3_500_000 })).toBe(first)
    expect(await ims.getToken('x', { minValidity: 3_599_999 })).not.toBe(first)
  })

  it('rejects with what IMS said, without the secret', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', { ...machine(), client_secrets: ['canary-secret'] })
    const error = await failureOf(getToken('x'))
    expect(error).toMatchObject({
      name: 'ImsResponseError',
      code: 'HTTP_ERROR',
      status: 400,
      imsError: 'invalid_client',
    })
    expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.toContain('canary')
  })

  it('of an answer without access_token is IMS_MALFORMED, and stores nothing', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    emulator.fault({ path: '/ims/token', status: 200, body: { token_type: 'bearer', expires_in: 5 } })
    expect(await failureOf(getToken('x'))).toMatchObject({ code: 'IMS_MALFORMED' })
    expect((await context.get('x')).data).toEqual(machine())
  })

  it('that cannot be stored still resolves, and emits the failure', async () => {
    const store = memoryStore()
    const events: ImsEvent[] = []
    const failing = {
      ...store,
      async set(key: string, value: Json) {
        if (JSON.stringify(value).includes('access_token'))
          throw new UnavailableError('STORE_FAILED', 'the disk is full')
        await store.set(key, value)
      },
    }
    const { context, getToken } = imsOver({ store: failing, onEvent: (event) => events.push(event) })
    await context.set('x', machine())
    const token = await getToken('x')
    expect(await getToken('x')).toBe(token)
    expect(events).toContainEqual(expect.objectContaining({ type: 'error', code: 'STORE_FAILED' }))
  })

  it('works with opaque tokens (S86)', async () => {
    const opaque = await createEmulator({ opaqueTokens: true })
    const store = memoryStore()
    const make = () => createIms({ ...memoryPlatform(), store, fetch: opaque.fetch })
    const ims = make()
    await ims.context.set('x', opaque.contexts.oauth_server_to_server)
    const token = await ims.getToken('x')
    expect(token).not.toContain('.')
    expect(await make().getToken('x')).toBe(token)
    await ims.invalidateToken('x')
    expect((await ims.context.get('x')).data).not.toHaveProperty('access_token')
  })
})

describe('a context that needs a user', () => {
  const open = () => structuredClone(emulator.contexts.oauth_public)

  it('starts no login by itself', async () => {
    const { redirect, visits } = person()
    const { context, getToken } = imsOver({ redirect })
    for (const kind of ['oauth', 'oauth_public'] as const) {
      await context.set('x', emulator.contexts[kind])
      for (const options of [undefined, {}, { interaction: 'none' as const }]) {
        const error = await failureOf(getToken('x', options))
        expect(error).toMatchObject({ name: 'LoginRequiredError', code: 'LOGIN_REQUIRED' })
      }
    }
    expect(visits).toEqual([])
    expect(requests()).toEqual([])
  })

  it('redirects them to IMS if the call requests a login, with its parameters', async () => {
    const { redirect, visits } = person()
    const { context, getToken } = imsOver({ redirect })
    await context.set('x', open())
    const options = { interaction: 'login', prompt: 'login', login_hint: 'user@example.com', locale: 'de_DE' } as const
    const token = await getToken('x', options)
    expect(visits).toHaveLength(1)
    expect(Object.fromEntries(visits[0]?.searchParams ?? [])).toMatchObject({
      prompt: 'login',
      login_hint: 'user@example.com',
      locale: 'de_DE',
      response_type: 'code',
      code_challenge_method: 'S256',
    })
    expect(await getToken('x')).toBe(token)
    expect(await getToken('x', { interaction: 'login' })).toBe(token)
    expect(visits).toHaveLength(1)
    const { data } = await context.get('x')
    expect(stored(data, 'access_token')?.token).toBe(token)
    expect(stored(data, 'refresh_token')).toMatchObject({ token: expect.any(String), expiry: expect.any(Number) })
  })

  it('redirects them by default if the platform does so, but not if the call says none', async () => {
    const { redirect, visits } = person()
    const { context, getToken } = imsOver({ redirect, interactive: () => true })
    await context.set('x', emulator.contexts.oauth)
    expect(await failureOf(getToken('x', { interaction: 'none' }))).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(visits).toHaveLength(0)
    expect(getTokenData(await getToken('x'))).toMatchObject({ client_id: emulator.contexts.oauth.client_id })
    expect(visits).toHaveLength(1)
  })

  it('is LOGIN_NOT_POSSIBLE without a redirect', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', open())
    expect(await failureOf(getToken('x', { interaction: 'login' }))).toMatchObject({ code: 'LOGIN_NOT_POSSIBLE' })
  })

  it('chooses the redirect by the context', async () => {
    const { redirect, visits } = person()
    const chosen: unknown[] = []
    const { context, getToken } = imsOver({
      redirect: (data) => {
        chosen.push(data.timeout)
        return redirect
      },
    })
    await context.set('x', open())
    await getToken('x', { interaction: 'login', timeout: 5 })
    expect(chosen).toEqual([5])
    expect(visits).toHaveLength(1)
  })

  const signedIn = async (options: Partial<CreateImsOptions> = {}) => {
    const { redirect, visits } = person()
    const ims = imsOver({ redirect, interactive: () => true, ...options })
    await ims.context.set('x', open())
    const token = await ims.getToken('x')
    visits.length = 0
    forgetRequests()
    return { ...ims, token, visits }
  }

  it('is refreshed without them, and without a word "undefined"', async () => {
    const { context, getToken, token, visits } = await signedIn()
    const before = stored((await context.get('x')).data, 'refresh_token')?.token
    const next = await getToken('x', { force: true })
    expect(next).not.toBe(token)
    expect(visits).toEqual([])
    expect(tokenRequests()).toHaveLength(1)
    expect(tokenRequests()[0]?.params).toEqual({
      grant_type: 'refresh_token',
      client_id: open().client_id,
      refresh_token: '[redacted]',
    })
    expect(stored((await context.get('x')).data, 'refresh_token')?.token).not.toBe(before)
  })

  it('redirects the user again only if the refresh token is refused, never after an outage', async () => {
    const { context, getToken, visits } = await signedIn()
    const { data } = await context.get('x')
    await context.set('x', { ...data, access_token: undefined })
    for (const fault of [
      { status: 503 },
      { drop: 'before' as const },
      { status: 429, headers: { 'retry-after': '99' } },
    ]) {
      emulator.fault({ path: '/ims/token', ...fault })
      expect(await failureOf(getToken('x', { interaction: 'login' }))).toMatchObject({ name: 'UnavailableError' })
    }
    expect(visits).toEqual([])
    expect(stored((await context.get('x')).data, 'refresh_token')).toEqual(stored(data, 'refresh_token'))
    emulator.fault({ path: '/ims/token', status: 400, body: { error: 'invalid_grant' } })
    await expect(getToken('x')).resolves.toBeTypeOf('string')
    expect(visits).toHaveLength(1)
  })

  it('of @adobe/aio-lib-ims is refreshed with its refresh token', async () => {
    const { context } = await signedIn()
    const refresh = stored((await context.get('x')).data, 'refresh_token')
    const other = imsOver()
    const { token, expiry } = refresh ?? { token: '', expiry: 0 }
    await other.context.set('x', { ...open(), refresh_token: { token, expiry } })
    expect(getTokenData(await other.getToken('x'))).toMatchObject({ client_id: open().client_id })
    expect(tokenRequests()).toHaveLength(1)
  })
})

it('nothing secret is in any event', async () => {
  const events: unknown[] = []
  const { redirect } = person()
  const { context, getToken, invalidateToken } = imsOver({ redirect, onEvent: (event) => events.push(event) })
  await context.set('x', emulator.contexts.oauth)
  await getToken('x', { interaction: 'login' })
  await getToken('x', { force: true })
  await invalidateToken('x', true)
  await context.set('y', emulator.contexts.jwt)
  await getToken('y')
  emulator.fault({ path: '/ims/token', status: 400, body: { error: 'invalid_client', error_description: 'x' } })
  await context.set('z', machine())
  await getToken('z').catch(() => {})
  expect(events.length).toBeGreaterThan(6)
  expect(JSON.stringify(events)).not.toMatch(/eyJ|emulator-\w+-secret|PRIVATE/)
})
