// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { appSession, checkSameClient } from '../../src/bindings/app-session.ts'
import { clientCredentials, createClient, memoryPlatform, memoryStore, UnavailableError } from '../../src/core/index.ts'
import { rejection, settled } from '../core/setting.ts'
import { arrive, arriveDenied, emulator, newClient } from './app.ts'

beforeEach(() => history.replaceState(null, '', '/inbox?page=2#part'))
afterEach(() => vi.restoreAllMocks())

const started = async (client = newClient()) => {
  const session = appSession('useIms', client)
  const seen: string[] = []
  session.subscribe(() => seen.push(session.get().status))
  await session.start()
  await settled()
  return { client, session, seen }
}

describe('the state', () => {
  test('is unknown at first, and then that of the client', async () => {
    const session = appSession('useIms', newClient())
    expect(session.get()).toBe(session.initial)
    expect(session.initial).toMatchObject({ status: 'unknown', error: undefined })
    await session.start()
    session.subscribe(() => {})
    await expect.poll(() => session.get().status).toBe('signedOut')
    expect(session.get()).toBe(session.get())
  })

  test('follows login and renewal', async () => {
    const { client, session, seen } = await started()
    await session.actions.login()
    await settled()
    const { claims, expiresAt } = await client.getTokens()
    expect(session.get()).toMatchObject({ status: 'signedIn', claims, expiresAt, error: undefined })
    expect(seen.at(-1)).toBe('signedIn')
  })

  test('is unknown until the callback in the address was handled', async () => {
    const client = newClient()
    await arrive(client)
    const session = appSession('useIms', client)
    const seen = new Set<string>()
    session.subscribe(() => seen.add(session.get().status))
    await settled()
    expect(session.get().status).toBe('unknown')
    await session.start()
    await expect.poll(() => session.get().status).toBe('signedIn')
    expect([...seen]).toEqual(['unknown', 'signedIn'])
    expect(location.href).toBe('http://localhost:3000/callback')
  })

  test('is that of a user who is signed in, also while a callback is handled', async () => {
    const client = newClient()
    await client.login()
    const session = appSession('useIms', client)
    session.subscribe(() => {})
    await expect.poll(() => session.get().status).toBe('signedIn')
  })

  test('stays unknown while the store does not answer, and a login says why', async () => {
    const fails = () => Promise.reject(new UnavailableError('STORE_FAILED', 'the disk is gone'))
    const { session } = await started(newClient({ store: { ...memoryStore(), get: fails, set: fails } }))
    await session.actions.login()
    expect(session.get()).toMatchObject({ status: 'unknown', error: { code: 'STORE_FAILED' } })
  })

  test('is not followed any more after the last listener', async () => {
    const client = newClient()
    const session = appSession('useIms', client)
    const calls: string[] = []
    const [one, other] = [session.subscribe(() => calls.push('one')), session.subscribe(() => calls.push('other'))]
    await settled()
    one()
    calls.length = 0
    await client.login()
    await settled()
    expect(new Set(calls)).toEqual(new Set(['other']))
    other()
    calls.length = 0
    await client.forget()
    await settled()
    expect(calls).toEqual([])
    await session.start()
    expect(session.get().status).toBe('signedOut')
  })
})

describe('a callback', () => {
  test('is handled once, and the browser loads the address that the login started from', async () => {
    const client = newClient()
    await arrive(client, '/inbox?page=2')
    const replace = vi.spyOn(location, 'replace').mockImplementation(() => {})
    const session = appSession('useIms', client)
    await Promise.all([session.start(), session.start()])
    await session.start()
    expect(replace.mock.calls).toEqual([['/inbox?page=2']])
  })

  test('reloads nothing if the page is there already', async () => {
    const client = newClient()
    await arrive(client, '/callback')
    const replace = vi.spyOn(location, 'replace').mockImplementation(() => {})
    await started(client)
    expect(replace).not.toHaveBeenCalled()
  })

  test('is passed to the app, which navigates itself', async () => {
    const client = newClient()
    await arrive(client, '/inbox?page=2')
    const results: unknown[] = []
    const session = appSession('useIms', client)
    await session.start((result) => results.push(result))
    expect(results).toMatchObject([{ status: 'signedIn', returnTo: '/inbox?page=2' }])
  })

  test('of a user who canceled is an error, which a later login removes', async () => {
    const client = newClient()
    await arriveDenied(client)
    const { session } = await started(client)
    expect(session.get()).toMatchObject({ status: 'signedOut', error: { code: 'ACCESS_DENIED' } })
    await session.actions.login()
    await settled()
    expect(session.get()).toMatchObject({ status: 'signedIn', error: undefined })
  })

  test('that fails is an error, and the session is known', async () => {
    const client = newClient()
    await arrive(client)
    history.replaceState(null, '', location.href.replace(/code=[^&]+/, 'code=wrong'))
    const { session } = await started(client)
    expect(session.get()).toMatchObject({ status: 'signedOut', error: { name: 'ImsResponseError' } })
  })

  test('is an error too if the app fails to navigate', async () => {
    const client = newClient()
    await arrive(client)
    const session = appSession('useIms', client)
    await session.start(() => {
      throw new Error('of the router')
    })
    expect(session.get().error).toMatchObject({ message: 'of the router' })
  })
})

describe('login and logout', () => {
  test('keep their failure for the user, and do not reject', async () => {
    const down = () => Promise.reject(new UnavailableError('NETWORK_FAILED', 'IMS is down'))
    const { session } = await started(newClient({ redirect: { prepare: down } }))
    await session.actions.login()
    expect(session.get()).toMatchObject({ status: 'signedOut', error: { code: 'NETWORK_FAILED' } })
  })

  test('reject for the developer', async () => {
    const { session } = await started()
    for (const wrong of [{ returnTo: 'https://other.example/' }, { mode: 'popup', signal: 1 }, 'popup', null]) {
      const options = wrong as { returnTo: string }
      expect(await rejection(session.actions.login(options))).toMatchObject({ code: 'BAD_OPTION' })
      expect(session.get().error).toMatchObject({ code: 'BAD_OPTION' })
    }
    const options = { postLogoutRedirectUri: 'nowhere' }
    expect(await rejection(session.actions.logout(options))).toMatchObject({ code: 'BAD_OPTION' })
  })

  test('can be event handlers', async () => {
    const { client, session } = await started()
    const assign = vi.spyOn(location, 'assign').mockImplementation(() => {})
    await session.actions.login(new Event('click'))
    expect(await client.getToken()).toEqual(expect.any(String))
    await session.actions.logout(new Event('click'))
    expect(String(assign.mock.calls[0]?.[0])).toContain(`${emulator.url}/ims/logout`)
    await settled()
    expect(session.get().status).toBe('signedOut')
  })

  test('a login gets back to the address of the page, unless that is too long', async () => {
    const asked: unknown[] = []
    const client = newClient()
    const session = appSession('useIms', { ...client, login: async (options) => `${asked.push(options?.returnTo)}` })
    await session.actions.login()
    await session.actions.login({ returnTo: '/other' })
    history.replaceState(null, '', `/${'x'.repeat(2_000)}`)
    await session.actions.login()
    expect(asked).toEqual(['/inbox?page=2#part', '/other', undefined])
  })

  test('a popup can open, as the client is called in the handler of the click', () => {
    let opened = false
    const client = newClient()
    const login = async () => {
      opened = true
      return ''
    }
    void appSession('useIms', { ...client, login }).actions.login({ mode: 'popup' })
    expect(opened).toBe(true)
  })
})

describe('on a server', () => {
  beforeEach(() => {
    vi.stubGlobal('document', undefined)
    return () => vi.unstubAllGlobals()
  })

  test('nothing is read, handled or followed', async () => {
    const never = () => {
      throw new Error('called')
    }
    const session = appSession('useIms', {
      ...newClient(),
      session: { get: never, subscribe: never },
      handleRedirect: never,
    })
    await session.start()
    session.subscribe(() => {})()
    expect(session.get()).toBe(session.initial)
  })

  test('calls are rejected, and the message says to call in a browser', async () => {
    const { actions } = appSession('useIms', newClient())
    const calls = [() => actions.login(), () => actions.logout(), () => actions.getToken(), () => actions.fetch('/')]
    for (const call of calls) {
      const error = await rejection(call())
      expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringMatching(/only in a browser.+handler/) })
    }
  })
})

describe('wrong clients', () => {
  test('one that cannot sign in a user', () => {
    const flow = clientCredentials({ clientId: 'c', clientSecret: 's', scopes: 'openid' })
    for (const wrong of [createClient({ flow, ...memoryPlatform() }), undefined, null, 'client', {}]) {
      expect(() => appSession('useIms', wrong as never)).toThrow(
        expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining('authorizationCode') }),
      )
    }
  })

  test('a second one', () => {
    const client = newClient()
    expect(() => checkSameClient('ImsProvider', client, newClient())).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining('in a module') }),
    )
    checkSameClient('ImsProvider', undefined, client)
    checkSameClient('ImsProvider', client, client)
    expect(appSession('ImsProvider', client)).toBe(appSession('useIms', client))
  })
})
