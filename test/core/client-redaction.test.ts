import { inspect } from 'node:util'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { clientCredentials, createClient, isImsError, UnavailableError } from '../../src/core/index.ts'
import { client_id, client_secret, emulator, on, webFlow } from './emulated-client.ts'
import { everythingIn, follow, rejection, serverFlow } from './setting.ts'

describe('no secret shows', () => {
  // whatever was secret in any request or answer of the run
  const canaries = new Set<string>()
  const names = [
    'client_secret',
    'code',
    'code_verifier',
    'access_token',
    'refresh_token',
    'id_token',
    'token',
    'jwt_token',
  ]
  const collect = (entries: Iterable<[string, unknown]>) => {
    for (const [name, value] of entries) if (names.includes(name) && typeof value === 'string') canaries.add(value)
  }
  const collecting = async (url: string, init: RequestInit) => {
    collect(new URLSearchParams(String(init.body)))
    const response = await on.fetch(url, init)
    const text = await response.clone().text()
    if (text.startsWith('{')) collect(Object.entries(JSON.parse(text)))
    return response
  }
  const expectClean = (...values: unknown[]) => {
    expect(canaries.size).toBeGreaterThan(0)
    for (const value of values) {
      const shown = [
        inspect(value, { showHidden: true, depth: 10, getters: true }),
        String(value),
        value instanceof Error ? `${value.stack} ${JSON.stringify({ ...value })}` : '',
      ].join('\n')
      for (const canary of canaries) expect(shown).not.toContain(canary)
    }
  }
  beforeEach(() => canaries.clear())

  test('in clients, token sets, finished logins and events (S92)', async () => {
    const client = createClient({ flow: webFlow(), ...on, fetch: collecting })
    const callback = await follow(emulator, await client.startLogin())
    const finished = await client.finishLogin(callback)
    const set = await client.getTokens()
    await client.getToken({ force: true })
    await client.invalidate()
    expectClean(client, finished, set, on.events, { nested: [client, set] })
    for (const canary of canaries) expect(JSON.stringify([client, on.events])).not.toContain(canary)
    expect(canaries.size).toBeGreaterThanOrEqual(7)
    // shown as redacted, and still there for who wants it
    expect(inspect(set)).toContain('[redacted]')
    expect(set.accessToken).toMatch(/^eyJ/)
    expect(inspect(client)).toContain(client_id)
  })

  const echoes = (init: RequestInit) => {
    const said = [...new URLSearchParams(String(init.body)).values()].join(' ')
    return { error: 'invalid_grant', error_description: `I got ${said}` }
  }
  const failures: [string, (url: string, init: RequestInit) => Promise<Response>][] = [
    ['IMS echoes what was sent', async (_, init) => Response.json(echoes(init), { status: 400 })],
    ['IMS echoes it as plain text', async (_, init) => new Response(String(init.body), { status: 400 })],
    ['IMS echoes it with a 500', async (_, init) => Response.json(echoes(init), { status: 500 })],
    ['the answer is no token response', async (_, init) => Response.json({ ...echoes(init), refresh_token: 'x' })],
    [
      'fetch fails with the request in its error',
      async (url, init) => {
        throw Object.assign(new TypeError(`failed: ${init.body}`, { cause: new Error(String(init.body)) }), {
          url,
          init,
        })
      },
    ],
  ]
  test.each(failures)('in errors and events when %s (S92)', async (_, fetch) => {
    const failing = (url: string, init: RequestInit) => {
      collect(new URLSearchParams(String(init.body)))
      return fetch(url, init)
    }
    const login = createClient({ flow: webFlow(), ...on, fetch: failing })
    const server = createClient({
      flow: clientCredentials({ clientId: 'c', clientSecret: 'canary-secret-one', scopes: [] }),
      ...on,
      fetch: failing,
    })
    const errors = [
      await rejection(login.finishLogin(await follow(emulator, await login.startLogin()))),
      await rejection(server.getToken()),
    ]
    expect(errors.every(isImsError)).toBe(true)
    expectClean(...errors, on.events)
    expect(canaries).toContain('canary-secret-one')
  })

  test('in the store: tokens are there, secrets and verifiers are not (S48)', async () => {
    const client = createClient({ flow: webFlow(), ...on })
    await client.finishLogin(await follow(emulator, await client.startLogin()))
    await createClient({ flow: serverFlow(emulator), ...on }).getToken()
    const stored = JSON.stringify(await everythingIn(on.store))
    for (const secret of [client_secret, ...emulator.contexts.oauth_server_to_server.client_secrets, 'codeVerifier'])
      expect(stored).not.toContain(secret)
  })
})

test('an error is recognised across realms and copies of the module', async () => {
  vi.resetModules()
  const copy = await import('../../src/core/errors.ts')
  const error = new copy.UnavailableError('TIMEOUT', 'late')
  expect([error instanceof UnavailableError, isImsError(error)]).toEqual([false, true])
  for (const other of [new Error('x'), { code: 'TIMEOUT' }, new DOMException('x', 'AbortError'), null, 'TIMEOUT'])
    expect(isImsError(other)).toBe(false)
})
