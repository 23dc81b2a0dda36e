import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Change, createClient, type ImsEvent, type ImsEventType } from '../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../src/emulator/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/index.ts'
import { autoRedirect, day, platformOn, publicFlow, rejection, serverFlow, type WatchedPlatform } from './setting.ts'

let emulator: Emulator
let clock: FakeClock
let on: WatchedPlatform

beforeAll(async () => {
  emulator = await createEmulator({ now: () => clock.now(), autoLogin: 'user@example.com' })
})
beforeEach(() => {
  clock = fakeClock()
  on = platformOn(emulator, clock)
})
afterEach(() => vi.restoreAllMocks())

const of = <Type extends ImsEventType>(type: Type) =>
  on.events.filter((event): event is Extract<ImsEvent, { type: Type }> => event.type === type)

describe('the events', () => {
  test('request: every attempt, with status and duration, and no query', async () => {
    on.fetch.before = () => clock.set(clock.now() + 40)
    await createClient({ flow: serverFlow(emulator), ...on }).getToken()
    expect(of('request')).toMatchObject([
      { type: 'request', method: 'POST', path: '/ims/token/v3', attempt: 1, status: 200, duration: 40 },
    ])
  })

  test('request and retry: of failed attempts too', async () => {
    emulator.fault({ path: '/ims/token', drop: 'before' })
    emulator.fault({ path: '/ims/token', status: 503 })
    const client = createClient({ flow: serverFlow(emulator), ...on, retry: { retries: 3, baseDelay: 0 } })
    const token = client.getToken()
    for (let turn = 0; turn < 20 && of('token').length === 0; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      await clock.advance(0)
    }
    await token
    expect(of('request').map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, undefined],
      [2, 503],
      [3, 200],
    ])
    expect(of('retry').map(({ attempt, delay, reason, path }) => [attempt, delay, reason, path])).toEqual([
      [1, 0, 'NETWORK_FAILED', '/ims/token/v3'],
      [2, 0, 'IMS_UNAVAILABLE', '/ims/token/v3'],
    ])
  })

  test('token: its source, expiry and scopes (S100)', async () => {
    const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator) })
    await client.login()
    const { expiresAt: expiry, scopes } = await client.getTokens()
    expect(of('token')).toMatchObject([{ type: 'token', source: 'issued', expiresAt: expiry, scopes }])
    const other = createClient({ flow: publicFlow(emulator), ...on })
    await other.getToken()
    await client.getToken({ force: true })
    await other.getToken({ force: true })
    expect(of('token').map(({ source }) => source)).toEqual(['issued', 'refreshed', 'adopted'])
  })

  test('login and logout: the client (S100)', async () => {
    const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator) })
    await client.login()
    await client.logout()
    const { client_id: clientId } = emulator.contexts.oauth_public
    expect([of('login'), of('logout')]).toMatchObject([[{ type: 'login', clientId }], [{ type: 'logout', clientId }]])
  })

  test('refresh-refused: what IMS answered (S100)', async () => {
    const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator) })
    await client.login()
    clock.set(clock.now() + day)
    emulator.fault({ path: '/ims/token', status: 400, body: { error: 'invalid_grant' } })
    await rejection(client.getToken())
    const { client_id: clientId } = emulator.contexts.oauth_public
    expect(of('refresh-refused')).toMatchObject([{ type: 'refresh-refused', clientId, error: 'invalid_grant' }])
  })
})

describe('an operation', () => {
  const ends = () => of('operation').map(({ name, code }) => [name, code])
  const ids = () => [...new Set(on.events.map(({ operation }) => operation))]

  test('has one id, in all of its events', async () => {
    const client = createClient({ flow: serverFlow(emulator), ...on })
    await Promise.all([client.getToken(), client.getToken()])
    expect(on.events.map(({ type }) => type)).toEqual(['request', 'token', 'operation'])
    expect(ids()).toEqual([expect.stringMatching(/^[0-9a-z]{6,}$/)])
    await client.getToken({ force: true })
    expect(ids()).toHaveLength(2)
    expect(ends()).toEqual([
      ['renewing', undefined],
      ['renewing', undefined],
    ])
  })

  test('of another client at the same time has another id', async () => {
    const flow = serverFlow(emulator)
    const clients = ['a', 'b'].map((owner) => createClient({ flow, ...on, owner }))
    await Promise.all(clients.map((client) => client.getToken()))
    expect(ids()).toHaveLength(2)
    for (const id of ids()) expect(on.events.filter(({ operation }) => operation === id)).toHaveLength(3)
  })

  test('says how long all of it took, from the start to the answer', async () => {
    on.fetch.before = () => clock.set(clock.now() + 40)
    on.store.before = () => clock.set(clock.now() + 1)
    await createClient({ flow: serverFlow(emulator), ...on }).getToken()
    const [request] = of('request')
    const [end] = of('operation')
    expect(request?.duration).toBe(40)
    expect(end?.duration).toBeGreaterThan(40)
  })

  test('that fails has the code of its error; an abort is OTHER', async () => {
    emulator.fault({ path: '/ims/token', drop: 'before' })
    const client = createClient({ flow: serverFlow(emulator), ...on })
    await rejection(client.getToken())
    expect(ends()).toEqual([['renewing', 'NETWORK_FAILED']])
    const aborting = new AbortController()
    on.fetch.before = () => aborting.abort()
    await rejection(client.getToken({ signal: aborting.signal }))
    await vi.waitUntil(() => ends().length > 1)
    expect(ends().at(-1)).toEqual(['renewing', 'OTHER'])
  })

  test('is also a login, a logout, an invalidation, and a renewal behind a call', async () => {
    const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator) })
    await client.login()
    clock.set(clock.now() + day - 660_000)
    await client.getToken()
    await vi.waitUntil(() => of('token').length === 2)
    await client.invalidate()
    await client.login()
    await client.logout()
    const all = ['signing in', 'renewing in the background', 'invalidating', 'signing in', 'signing out']
    expect(ends()).toEqual(all.map((name) => [name, undefined]))
    expect(ids()).toHaveLength(all.length)
    const [first] = of('login')
    expect(of('operation')[0]?.operation).toBe(first?.operation)
  })

  test('has the request id that IMS sent last, in all events after it', async () => {
    emulator.fault({ path: '/ims/token', status: 503, headers: { 'x-debug-id': 'first' } })
    const client = createClient({ flow: serverFlow(emulator), ...on, retry: { retries: 1, baseDelay: 0 } })
    const token = client.getToken()
    for (let turn = 0; turn < 20 && of('token').length === 0; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      await clock.advance(0)
    }
    await token
    const [failed, retry, answered, ...rest] = on.events.map(({ requestId }) => requestId)
    expect([failed, retry]).toEqual(['first', 'first'])
    expect(answered).not.toBe('first')
    expect(rest).toEqual([answered ?? 'first', answered ?? 'first'])
  })

  test('does not mix with what other tabs announce later', async () => {
    let announce: (change: Change) => void = () => {}
    const subscribe = (listener: typeof announce) => {
      announce = listener
      return () => {}
    }
    const changes = { notify() {}, subscribe }
    const client = createClient({ flow: publicFlow(emulator), ...on, changes, redirect: autoRedirect(emulator) })
    await client.login()
    announce({ kind: 'logout' })
    await vi.waitUntil(() => of('logout').length === 1)
    expect(of('logout')[0]?.operation).not.toBe(of('login')[0]?.operation)
  })
})

describe('a listener', () => {
  test('hears its type only, until it has enough', async () => {
    const client = createClient({ flow: serverFlow(emulator), ...on })
    const [tokens, requests] = [vi.fn(), vi.fn()]
    const enough = client.on('token', tokens)
    client.on('request', requests)
    client.on('request', requests)
    await client.getToken()
    enough()
    enough()
    await client.getToken({ force: true })
    expect(tokens.mock.calls).toEqual([[expect.objectContaining({ type: 'token', source: 'issued' })]])
    expect(requests).toHaveBeenCalledTimes(4)
  })

  test('hears no more after close', async () => {
    const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator) })
    await client.login()
    const heard = vi.fn()
    client.on('logout', heard)
    client.close()
    await client.logout()
    expect(of('logout')).toHaveLength(1)
    expect(heard).not.toHaveBeenCalled()
  })

  test('that throws affects neither the call nor other listeners', async () => {
    const after = vi.fn()
    const throwing = () => {
      throw new Error('listener')
    }
    const client = createClient({ flow: serverFlow(emulator), ...on, onEvent: throwing })
    client.on('token', throwing)
    client.on('token', after)
    expect(await client.getToken()).toEqual(expect.any(String))
    expect(after).toHaveBeenCalledTimes(1)
  })

  test('may be the platform, in addition to the client’s own', async () => {
    const observe = vi.fn()
    await createClient({ flow: serverFlow(emulator), ...on, observe }).getToken()
    expect(observe.mock.calls.map(([event]) => event)).toEqual(on.events)
    expect(on.events.length).toBeGreaterThan(0)
  })
})

test('nothing is written to the console', async () => {
  const written = (['log', 'info', 'warn', 'error', 'debug'] as const).map((each) =>
    vi.spyOn(console, each).mockImplementation(() => {}),
  )
  const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator) })
  await client.login()
  on.store.before = () => {
    throw new Error('store')
  }
  emulator.fault({ path: '/ims/token', drop: 'before' })
  await rejection(client.getToken({ force: true }))
  await rejection(client.logout())
  for (const each of written) expect(each).not.toHaveBeenCalled()
})
