import { describe, expect, test } from 'vitest'
import { createClient, noLock, UnavailableError } from '../../../src/core/index.ts'
import { gate, publicFlow, rejection, settled, storedTokens } from '../setting.ts'
import { emulator, nearExpiry, on, refuse, serverClient, signedIn } from './emulated-session.ts'

describe('forgetting', () => {
  test('empties memory and store', async () => {
    const client = await signedIn()
    await client.forget()
    expect(await on.store.keys('')).toEqual([])
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(on.fetch.sent).toHaveLength(0)
  })

  test.each(['forget', 'invalidate', 'logout'] as const)(
    'by %s during a refresh in flight does not bring the session back',
    async (way) => {
      const client = await signedIn()
      nearExpiry()
      const held = gate()
      on.fetch.before = (_, { body }) => (String(body).includes('grant_type=refresh_token') ? held.opened : undefined)
      const refreshing = client.getToken()
      await settled()
      expect(on.fetch.sent).toHaveLength(1)
      const leaving = client[way]()
      const late = rejection(client.getToken())
      await settled()
      held.open()
      expect(await rejection(refreshing)).toMatchObject({ code: 'LOGIN_REQUIRED' })
      await leaving
      expect(await on.store.keys('')).toEqual([])
      expect(await late).toMatchObject({ code: 'LOGIN_REQUIRED' })
      expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    },
  )

  test('while a call waits for the lock does not bring the session back (S46)', async () => {
    const client = await signedIn()
    const [name = ''] = await on.store.keys('')
    nearExpiry()
    const held = gate()
    const holder = on.lock(name, () => held.opened)
    const waiting = client.getToken().catch(() => {})
    await settled()
    const leaving = client.forget()
    held.open()
    await Promise.all([holder, waiting, leaving])
    expect(await on.store.keys('')).toEqual([])
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  test('while a forced call waits for the lock does not bring back what another client stored', async () => {
    const [client, other] = [await signedIn(), createClient({ flow: publicFlow(emulator), ...on })]
    const [name = ''] = await on.store.keys('')
    await other.getToken({ force: true })
    const held = gate()
    const holder = on.lock(name, () => held.opened)
    const waiting = client.getToken({ force: true })
    await settled()
    const leaving = client.forget()
    held.open()
    await Promise.all([holder, waiting, leaving])
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  test.each(['refused', 'answered'])('without a lock, during a refresh that is %s later, holds too', async (end) => {
    const client = await signedIn({ lock: noLock })
    nearExpiry()
    const held = gate()
    on.fetch.before = (_, { body }) => (String(body).includes('grant_type=refresh_token') ? held.opened : undefined)
    const refreshing = client.getToken().catch(() => {})
    await settled()
    if (end === 'refused') refuse('invalid_grant')
    await client.forget()
    held.open()
    await refreshing
    expect(await on.store.keys('')).toEqual([])
  })

  test('without a lock a login during a refresh in flight wins over it too', async () => {
    const client = await signedIn({ lock: noLock })
    nearExpiry()
    const held = gate()
    on.fetch.before = (_, { body }) => (String(body).includes('grant_type=refresh_token') ? held.opened : undefined)
    const refreshing = client.getToken()
    await settled()
    const token = await client.login()
    held.open()
    await refreshing
    expect((await storedTokens(on.store))?.accessToken).toBe(token)
    expect(await client.getToken()).toBe(token)
  })

  test('while a call reads the store does not bring the session back', async () => {
    await signedIn()
    const client = createClient({ flow: publicFlow(emulator), ...on })
    const held = gate()
    const { get } = on.store
    on.store.get = async (key) => {
      const found = await get(key)
      await held.opened
      return found
    }
    const reading = client.getToken()
    await settled()
    on.store.get = get
    await client.forget()
    held.open()
    await reading
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  test.each(['before', 'during'])('without a lock, a call %s the sign-out redeems nothing', async (when) => {
    const client = await signedIn({ lock: noLock })
    nearExpiry()
    const [reading, removing] = [gate(), gate()]
    let begun = false
    on.store.before = (operation, key) => {
      if (operation === 'get' && !begun) {
        begun = true
        return reading.opened
      }
      return operation === 'delete' && key.includes('tokens') ? removing.opened : undefined
    }
    if (when === 'during') begun = true
    const early = when === 'before' ? rejection(client.getToken()) : undefined
    await settled()
    const leaving = client.forget()
    const call = early ?? rejection(client.getToken())
    reading.open()
    await settled()
    removing.open()
    await leaving
    expect(await call).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(on.fetch.sent).toHaveLength(0)
    expect(await on.store.keys('')).toEqual([])
  })

  test('while a call reads the store, which fails afterwards, does not leave the token in memory', async () => {
    const client = await signedIn()
    nearExpiry()
    const reading = gate()
    let reads = 0
    on.store.before = (operation) => {
      if (operation !== 'get') return undefined
      if (reads++ === 0) return reading.opened
      throw new UnavailableError('STORE_FAILED', 'the disk is gone')
    }
    const call = rejection(client.getToken())
    await settled()
    const leaving = client.forget()
    reading.open()
    await leaving
    expect(await call).toMatchObject({ code: 'STORE_FAILED' })
    on.store.before = () => undefined
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  test('a login during a refresh in flight wins over it', async () => {
    const client = await signedIn()
    nearExpiry()
    const held = gate()
    on.fetch.before = (_, { body }) => (String(body).includes('grant_type=refresh_token') ? held.opened : undefined)
    const refreshing = client.getToken()
    await settled()
    const login = client.login()
    await settled()
    held.open()
    const [refreshed, token] = await Promise.all([refreshing, login])
    expect(refreshed).toBe(token)
    expect((await storedTokens(on.store))?.accessToken).toBe(token)
    expect(await client.getToken()).toBe(token)
  })
})

describe('close', () => {
  test('aborts pending calls and refuses new ones, warm or not', async () => {
    const client = serverClient()
    on.fetch.before = (_, { signal }) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    const waiting = rejection(client.getToken())
    await settled()
    client.close()
    expect(await waiting).toMatchObject({ name: 'AbortError' })
    expect(on.fetch.sent[0]?.init.signal?.aborted).toBe(true)
    on.fetch.before = () => undefined
    const warm = serverClient()
    await warm.getToken()
    warm.close()
    warm.close()
    for (const closed of [client, warm])
      expect(await rejection(closed.getToken())).toMatchObject({ name: 'AbortError' })
  })

  test('leaves the stored tokens to others', async () => {
    const client = serverClient()
    const token = await client.getToken()
    client.close()
    expect(await serverClient().getToken()).toBe(token)
  })

  test('is quiet: what it aborts is not an error event', async () => {
    const client = await signedIn()
    nearExpiry(11 * 60_000)
    on.fetch.before = () => new Promise(() => {})
    await client.getToken()
    await settled()
    expect(on.fetch.sent).toHaveLength(1)
    client.close()
    await settled()
    expect(on.events.filter(({ type }) => type === 'error')).toEqual([])
  })
})
