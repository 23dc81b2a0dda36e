import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createClient, type ImsEvent, type ImsEventType } from '../../src/core/index.ts'
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
    expect(of('request')).toEqual([
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

  test('token: where it came from, until when, with which scopes (S100)', async () => {
    const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator) })
    await client.login()
    const { expiresAt: expiry, scopes } = await client.getTokens()
    expect(of('token')).toEqual([{ type: 'token', source: 'issued', expiresAt: expiry, scopes }])
    const other = createClient({ flow: publicFlow(emulator), ...on })
    await other.getToken()
    await client.getToken({ force: true })
    await other.getToken({ force: true })
    expect(of('token').map(({ source }) => source)).toEqual(['issued', 'refreshed', 'adopted'])
  })

  test('login and logout: of which client (S100)', async () => {
    const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator) })
    await client.login()
    await client.logout()
    const { client_id: clientId } = emulator.contexts.oauth_public
    expect([of('login'), of('logout')]).toEqual([[{ type: 'login', clientId }], [{ type: 'logout', clientId }]])
  })

  test('refresh-refused: with what IMS said (S100)', async () => {
    const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator) })
    await client.login()
    clock.set(clock.now() + day)
    emulator.fault({ path: '/ims/token', status: 400, body: { error: 'invalid_grant' } })
    await rejection(client.getToken())
    const { client_id: clientId } = emulator.contexts.oauth_public
    expect(of('refresh-refused')).toEqual([{ type: 'refresh-refused', clientId, error: 'invalid_grant' }])
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
