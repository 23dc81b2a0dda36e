import { expect, test } from 'vitest'
import { type Changes, createClient, type LoginClient, UnavailableError } from '../../../src/core/index.ts'
import { clock, emulator, nearExpiry, on, refuse, signedIn } from '../session/emulated-session.ts'
import { autoRedirect, day, hour, publicFlow, rejection, settled } from '../setting.ts'
// what is loaded lazily is there at once
import '../../../src/core/login/watch-session.ts'

const someone = (more: object = {}) =>
  createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator), ...more })

/** What a listener of `client` sees, one entry per change. */
async function watched(client: LoginClient) {
  const seen: string[] = []
  const unsubscribe = client.session.subscribe(() => seen.push(client.session.get().status))
  await settled()
  return { seen, unsubscribe }
}

/** What tabs have: each hears of the changes of the others. */
function tabs(): () => Changes {
  const heard = new Map<object, Parameters<Changes['subscribe']>[0]>()
  return () => {
    const tab = {}
    return {
      notify(change) {
        for (const [other, listener] of heard) if (other !== tab) listener(change)
      },
      subscribe(listener) {
        heard.set(tab, listener)
        return () => heard.delete(tab)
      },
    }
  }
}

test('is unknown until the store was read, and nothing is sent for it', async () => {
  const client = someone()
  expect(client.session.get()).toEqual({ status: 'unknown' })
  const { seen } = await watched(client)
  expect(seen).toEqual(['signedOut'])
  expect(on.fetch.sent).toHaveLength(0)
})

test('get alone finds out as well', async () => {
  await signedIn()
  const client = someone()
  client.session.get()
  await settled()
  expect(client.session.get()).toMatchObject({ status: 'signedIn' })
})

test('follows login, renewal and logout, with the same object until something changes', async () => {
  const client = someone()
  const { seen } = await watched(client)
  await client.login()
  await settled()
  const first = client.session.get()
  const { claims, expiresAt } = await client.getTokens()
  expect(first).toEqual({ status: 'signedIn', claims, expiresAt })
  await client.getToken()
  await settled()
  expect(client.session.get()).toBe(first)
  clock.set(clock.now() + hour)
  await client.getToken({ force: true })
  await settled()
  expect(client.session.get()).toMatchObject({ status: 'signedIn', expiresAt: expiresAt + hour })
  await client.logout()
  await settled()
  expect(client.session.get()).toEqual({ status: 'signedOut' })
  expect(seen).toEqual(['signedOut', 'signedIn', 'signedIn', 'signedOut'])
})

test.each(['forget', 'invalidate'] as const)('follows %s', async (way) => {
  const client = await signedIn()
  const { seen } = await watched(client)
  await client[way]()
  await settled()
  expect(seen).toEqual(['signedIn', 'signedOut'])
})

test('follows other tabs', async () => {
  const newTab = tabs()
  const [one, other] = [someone({ changes: newTab() }), someone({ changes: newTab() })]
  const { seen } = await watched(other)
  await one.login()
  await settled()
  await one.logout()
  await settled()
  expect(seen).toEqual(['signedOut', 'signedIn', 'signedOut'])
})

test('an IMS that does not answer does not end it', async () => {
  const client = await signedIn()
  const { seen } = await watched(client)
  nearExpiry(-hour)
  on.fetch.before = () => {
    throw new TypeError('fetch failed')
  }
  expect(await rejection(client.getToken())).toMatchObject({ code: 'NETWORK_FAILED' })
  await settled()
  expect(seen).toEqual(['signedIn'])
})

test('a refresh token that IMS refuses ends it', async () => {
  const client = await signedIn()
  const { seen } = await watched(client)
  nearExpiry(-hour)
  refuse('invalid_grant')
  expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
  await settled()
  expect(seen).toEqual(['signedIn', 'signedOut'])
})

test('a token that nothing can renew ends it when it expires', async () => {
  const client = await signedIn({ flow: publicFlow(emulator, { scopes: ['openid', 'AdobeID'] }) })
  const { seen, unsubscribe } = await watched(client)
  await clock.advance(day - 10_000)
  expect(seen).toEqual(['signedIn'])
  await clock.advance(10_000)
  await settled()
  expect(seen).toEqual(['signedIn', 'signedOut'])
  unsubscribe()
})

test('no timer is left after the last listener, nor after close', async () => {
  const client = await signedIn({ flow: publicFlow(emulator, { scopes: ['openid', 'AdobeID'] }) })
  const sleeping = clock.sleeping
  const { unsubscribe } = await watched(client)
  expect(clock.sleeping).toBe(sleeping + 1)
  unsubscribe()
  expect(clock.sleeping).toBe(sleeping)
  const { seen } = await watched(client)
  client.close()
  expect(clock.sleeping).toBe(sleeping)
  expect(seen).toEqual([])
})

test('a store that fails changes nothing', async () => {
  const fails = () => {
    throw new UnavailableError('STORE_FAILED', 'the disk is gone')
  }
  on.store.before = fails
  const client = someone()
  const { seen } = await watched(client)
  expect([client.session.get(), seen]).toEqual([{ status: 'unknown' }, []])
  on.store.before = () => undefined
  await client.login()
  await settled()
  on.store.before = fails
  nearExpiry(-hour)
  await rejection(client.getToken())
  await settled()
  expect(seen).toEqual(['signedIn'])
})

test('a listener that throws keeps neither the others nor the client from working', async () => {
  const client = someone()
  client.session.subscribe(() => {
    throw new Error('of the app')
  })
  const { seen } = await watched(client)
  await client.login()
  await settled()
  expect(seen).toEqual(['signedOut', 'signedIn'])
})

test('one listener subscribed twice is called twice, and each is unsubscribed on its own', async () => {
  const client = someone()
  let calls = 0
  const listener = () => void calls++
  const [one] = [client.session.subscribe(listener), client.session.subscribe(listener)]
  await settled()
  expect(calls).toBe(2)
  one()
  await client.login()
  await settled()
  expect(calls).toBe(3)
})

test('refuses a listener that is not a function', () => {
  // @ts-expect-error: what JavaScript may pass
  expect(() => someone().session.subscribe('render')).toThrowError(expect.objectContaining({ code: 'BAD_OPTION' }))
})
