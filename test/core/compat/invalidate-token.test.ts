import { describe, expect, it } from 'vitest'
import * as core from '../../../src/core/index.ts'
import { memoryStore } from '../../../src/core/index.ts'
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
  storedContextsWith,
  tokenRequests,
} from './contexts-on-emulator.ts'

describe('invalidateToken', () => {
  const signedIn = async () => {
    const { redirect } = person()
    const ims = imsOver({ redirect })
    await ims.context.set('x', emulator.contexts.oauth_public)
    const token = await ims.getToken('x', { interaction: 'login' })
    forgetRequests()
    return { ...ims, token, data: (await ims.context.get('x')).data ?? {} }
  }

  it('invalidates the access token at IMS, removes it, and leaves the refresh token', async () => {
    const { context, getToken, invalidateToken, token, data } = await signedIn()
    const result = await invalidateToken('x')
    expect(requests().map(({ path, params, status }) => ({ path, params, status }))).toEqual([
      {
        path: '/ims/revoke',
        params: {
          token_type_hint: 'access_token',
          token: '[redacted]',
          client_id: emulator.contexts.oauth_public.client_id,
        },
        status: 200,
      },
    ])
    expect(result).toMatchObject({ name: 'x', local: false })
    expect(result.data).not.toHaveProperty('access_token')
    expect((await context.get('x')).data).toEqual(result.data)
    expect(stored(result.data, 'refresh_token')).toEqual(stored(data, 'refresh_token'))
    const next = await getToken('x')
    expect(next).not.toBe(token)
    expect(tokenRequests()[0]?.params.grant_type).toBe('refresh_token')
  })

  it('with force invalidates the refresh token first, then the access token', async () => {
    const { context, getToken, invalidateToken } = await signedIn()
    await invalidateToken('x', true)
    expect(requests().map(({ params }) => params.token_type_hint)).toEqual(['refresh_token', 'access_token'])
    expect((await context.get('x')).data).toEqual(emulator.contexts.oauth_public)
    expect(await failureOf(getToken('x'))).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  it('without a name is for the current context', async () => {
    const { context, getToken, invalidateToken } = imsOver()
    await context.set('x', machine())
    await context.setCurrent('x')
    const token = await getToken()
    expect((await invalidateToken()).name).toBe('x')
    expect((await context.get('x')).data).toEqual(machine())
    expect(await context.keys()).toEqual(['x'])
    expect(await getToken()).not.toBe(token)
  })

  it('without anything to invalidate is INVALID_TOKEN, and nothing is sent', async () => {
    const { context, invalidateToken } = imsOver()
    const expired = { token: 'x', expiry: Date.now() - 1 }
    const refresh = { token: 'x', expiry: Date.now() + day }
    await context.set('none', machine())
    await context.set('old', { ...machine(), access_token: expired, refresh_token: expired })
    await context.set('refresh', { ...machine(), refresh_token: refresh })
    for (const work of [
      invalidateToken('none'),
      invalidateToken('none', true),
      invalidateToken('old'),
      invalidateToken('old', true),
      invalidateToken('refresh'),
    ]) {
      expect(await failureOf(work)).toMatchObject({ name: 'TokenError', code: 'INVALID_TOKEN' })
    }
    expect(requests()).toEqual([])
  })

  it('removes them also if IMS cannot be reached or refuses, rejects, and emits an event', async () => {
    const faults = [{ status: 503 }, { drop: 'before' as const }, { status: 400, body: { error: 'x' } }]
    for (const fault of faults) {
      for (const force of [false, true]) {
        const { data } = await signedIn()
        const told: unknown[] = []
        const again = imsOver({ contexts: storedContextsWith(data), onEvent: (event) => void told.push(event) })
        const releases = ['/ims/revoke', '/ims/invalidate_token'].map((path) =>
          emulator.fault({ path, ...fault, times: 9 }),
        )
        const failed = await failureOf(again.invalidateToken('x', force))
        for (const release of releases) release()
        const left = (await again.context.get('x')).data
        expect(left).not.toHaveProperty('access_token')
        expect(left && 'refresh_token' in left).toBe(!force)
        const { code } = failed as unknown as { code: string }
        expect(told).toContainEqual(expect.objectContaining({ type: 'error', code, during: 'invalidating' }))
      }
    }
  })

  it('invalidates the other token if one is refused', async () => {
    const { data, token } = await signedIn()
    const { refresh_token } = data as { refresh_token: { token: string } }
    const second = imsOver({
      contexts: storedContextsWith(data),
      async fetch(url, init) {
        const refused = (init.body as URLSearchParams).get('token') === refresh_token.token
        return refused ? new Response(null, { status: 503 }) : emulator.fetch(url, init)
      },
    })
    expect(await failureOf(second.invalidateToken('x', true))).toMatchObject({ code: 'IMS_UNAVAILABLE' })
    expect((await second.context.get('x')).data).not.toHaveProperty('refresh_token')
    expect(await new core.Ims({ endpoint: emulator.url, fetch: emulator.fetch }).validateToken(token)).toMatchObject({
      valid: false,
    })
  })

  it('invalidates at IMS also if the context has no client, as the client in the token', async () => {
    const { token } = await signedIn()
    const { context, invalidateToken } = imsOver({ endpoint: emulator.url })
    const access_token = { token, expiry: Date.now() + day }
    await context.set('bare', { 'cli.bare-output': false, access_token })
    await invalidateToken('bare')
    expect(requests()).toMatchObject([{ path: '/ims/revoke', status: 200 }])
    expect((await context.get('bare')).data).toEqual({ 'cli.bare-output': false })
  })

  it('uses the client of the token if the context was edited meanwhile', async () => {
    const { token } = await signedIn()
    const { context, invalidateToken } = imsOver()
    await context.set('x', { ...machine(), access_token: { token, expiry: Date.now() + day } })
    await invalidateToken('x')
    expect(requests()[0]?.params).toEqual({
      token_type_hint: 'access_token',
      token: '[redacted]',
      client_id: emulator.contexts.oauth_public.client_id,
    })
  })

  it('tries the next secret of a rotation, in whatever form the secrets are', async () => {
    const { context, getToken, invalidateToken } = imsOver()
    for (const client_secrets of [['retired', 'emulator-second-secret'], '["retired","emulator-second-secret"]']) {
      await context.set('x', { ...machine(), client_secrets })
      await getToken('x')
      forgetRequests()
      await invalidateToken('x')
      expect(requests().map(({ status }) => status)).toEqual([400, 200])
    }
  })

  it('names the type of an opaque token', async () => {
    const sent: (string | null)[] = []
    const fetch = async (_url: string, init: RequestInit) => {
      sent.push((init.body as URLSearchParams).get('token_type'))
      return new Response('')
    }
    const { context, invalidateToken } = imsOver({ fetch })
    const token = (value: string) => ({ token: value, expiry: Date.now() + day })
    await context.set('x', { ...machine(), access_token: token('opaque-a'), refresh_token: token('opaque-r') })
    await invalidateToken('x', true)
    expect(sent).toEqual(['refresh_token', 'access_token'])
  })

  it('removes the token from the memory of this process, for every call with options', async () => {
    const { context, getToken, invalidateToken } = imsOver()
    await context.set('x', machine())
    await context.set('y', machine())
    const [x, y] = [await getToken('x'), await getToken('y')]
    const withOptions = await getToken('x', { note: 1 })
    expect(withOptions).toBe(x)
    await invalidateToken('x')
    expect(await getToken('x', { note: 1 })).not.toBe(x)
    expect(await getToken('y')).toBe(y)
  })

  it('notifies the caller and the platform', async () => {
    const told: string[] = []
    const { context, getToken, invalidateToken } = imsOver({
      onEvent: (event) => void (event.type === 'request' && told.push(`caller ${event.path}`)),
      observe: (event) => void (event.type === 'request' && told.push(`platform ${event.path}`)),
    })
    await context.set('x', machine())
    await getToken('x')
    told.length = 0
    await invalidateToken('x')
    expect(told.sort()).toEqual(['caller /ims/invalidate_token/v2', 'platform /ims/invalidate_token/v2'])
  })

  it('has removed the token by the time it resolves', async () => {
    const slow = memoryStore()
    let pending = 0
    const store = {
      ...slow,
      async set(...args: Parameters<typeof slow.set>) {
        pending++
        await new Promise((resolve) => setImmediate(resolve))
        await slow.set(...args)
        pending--
      },
    }
    const { context, getToken, invalidateToken } = imsOver({ store })
    await context.set('x', machine())
    await getToken('x')
    await invalidateToken('x')
    expect(pending).toBe(0)
    expect(await slow.get('ims.contexts.x')).toEqual(machine())
  })
})
