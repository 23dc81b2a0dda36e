import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  authorizationCode,
  createAuthHandler,
  type Fetch,
  memoryStore,
  noLock,
  processLock,
  type Store,
} from '../../src/adapters/worker/index.ts'
import { isolateLock } from '../../src/adapters/worker/isolate/lock-isolate.ts'
import { lockContract } from '../../src/testing/index.ts'
import { origin, secret, setting } from './bff-setting.ts'
import { granted, type Visitor } from './visitor.ts'

const sessionName = '__Host-Http-imskit-session'
const hour = 3_600_000

function signal() {
  let give: () => void = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { give, given }
}
const ours = ({ jar }: Visitor) => [...jar.keys()].filter((name) => !name.endsWith('imskit-returns'))
const loginNames = ({ jar }: Visitor) => [...jar.keys()].filter((name) => name.includes('imskit-login-'))

describe('a sign-in', () => {
  test('ends where it was to end, signed in, with cookies that scripts and other sites do not get (S58)', async () => {
    const { visitor } = await setting()
    const person = visitor()
    expect(await person.session()).toEqual({ signedIn: false })
    const done = await person.signIn('?returnTo=/inbox?page=2%23top')
    expect([done.status, done.headers.get('location')]).toEqual([302, '/inbox?page=2#top'])
    const lines = done.headers.getSetCookie()
    const kept = lines.filter((line) => !/Max-Age=0|imskit-returns/.test(line))
    expect(kept.length).toBeGreaterThan(0)
    for (const line of kept)
      expect(line).toMatch(
        /^__Host-Http-imskit-session(?:\.\d)?=[\w.-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/,
      )
    expect(loginNames(person)).toEqual([])
    expect(await person.session()).toEqual({
      signedIn: true,
      user: expect.objectContaining({ sub: expect.any(String) }),
      expiresAt: expect.any(Number),
      csrfToken: expect.stringMatching(/^[\w-]{22}$/),
    })
  })

  test('sends PKCE S256, state and nonce, and nothing of its own in the state (S2, S3, S9)', async () => {
    const { visitor, emulator } = await setting()
    const begun = await visitor().ask(
      '/auth/login?returnTo=/secret-place&prompt=login&login_hint=a@b.example&locale=de_DE',
    )
    const url = new URL(begun.headers.get('location') ?? '')
    expect(url.origin).toBe(emulator.url)
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.any(String),
      redirect_uri: `${origin}/auth/callback`,
      prompt: 'login',
      login_hint: 'a@b.example',
      locale: 'de_DE',
    })
    expect(url.href).not.toContain('secret-place')
    expect(begun.headers.get('cache-control')).toBe('no-store')
    expect(begun.headers.get('referrer-policy')).toBe('no-referrer')
  })

  test('in two tabs at once ends in both', async () => {
    const { visitor } = await setting()
    const person = visitor()
    const first = await person.goToIms('?returnTo=/one')
    const second = await person.goToIms('?returnTo=/two')
    expect(loginNames(person)).toHaveLength(2)
    expect((await person.comeBack(first)).headers.get('location')).toBe('/one')
    expect((await person.comeBack(second)).headers.get('location')).toBe('/two')
    expect((await person.session()).signedIn).toBe(true)
  })

  test('that nobody ends leaves no more than five cookies, the latest ones', async () => {
    const { visitor, pass } = await setting()
    const person = visitor()
    let last: URL | undefined
    for (let tab = 0; tab < 8; tab++) {
      last = await person.goToIms()
      pass(1_000)
    }
    expect(loginNames(person)).toHaveLength(5)
    expect((await person.comeBack(last as URL)).status).toBe(302)
  })

  test('that another browser began is refused, and its code is not redeemed (S8)', async () => {
    const { visitor, emulator } = await setting()
    const callback = await visitor().goToIms()
    const victim = visitor()
    const refused = await victim.comeBack(callback)
    expect(refused.status).toBe(400)
    expect(refused.headers.getSetCookie()).toEqual([])
    expect((await victim.session()).signedIn).toBe(false)
    expect(granted(emulator, 'authorization_code')).toBe(0)
  })

  test('is ended once, though its cookie and address are kept (S7, S22)', async () => {
    const { visitor, emulator } = await setting()
    const person = visitor()
    const callback = await person.goToIms()
    const thief = person.copy()
    expect((await person.comeBack(callback)).status).toBe(302)
    expect((await thief.comeBack(callback)).status).toBe(400)
    expect((await thief.session()).signedIn).toBe(false)
    // loaded again by the person: no error, and no second redemption
    const again = await person.comeBack(callback)
    expect([again.status, again.headers.get('location')]).toEqual([302, '/'])
    expect(emulator.requests.filter(({ path }) => path === '/ims/token/v3')).toHaveLength(1)
  })

  test('that takes too long is refused', async () => {
    const { visitor, pass } = await setting()
    const person = visitor()
    const callback = await person.goToIms()
    pass(16 * 60_000)
    expect((await person.comeBack(callback)).status).toBe(400)
  })

  test('that IMS or someone else refuses is told on a page without foreign text or script (S14)', async () => {
    const { visitor } = await setting()
    const person = visitor()
    const { searchParams } = await person.goToIms('?returnTo=/there')
    const state = searchParams.get('state')
    const evil = encodeURIComponent('<img src=x onerror=alert(1)>')
    const answer = await person.ask(`/auth/callback?error=access_denied&error_description=${evil}&state=${state}`)
    const text = await answer.text()
    expect(answer.status).toBe(403)
    expect(text).not.toContain('onerror')
    expect(text).toContain('returnTo=%2Fthere')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  test('goes on after a callback with an error and no state, whose words are in the error', async () => {
    const failures: unknown[] = []
    const onFailure = ({ error }: { error: unknown }) => {
      failures.push(error)
      return new Response('failed', { status: 400 })
    }
    const { visitor } = await setting({ onFailure })
    const person = visitor()
    const callback = await person.goToIms('?returnTo=/there')
    const said = 'error=invalid_scope&error_description=not%20yours'
    expect((await person.ask(`/auth/callback?${said}`)).status).toBe(400)
    expect(failures).toMatchObject([
      {
        code: 'STATE_MISMATCH',
        message: expect.stringContaining('invalid_scope not yours'),
        details: { imsError: 'invalid_scope', imsErrorDescription: 'not yours' },
      },
    ])
    expect((await person.comeBack(callback)).headers.get('location')).toBe('/there')
    expect((await person.session()).signedIn).toBe(true)
  })

  test('by prompt=none that finds nobody goes back to the page', async () => {
    const { visitor } = await setting()
    const person = visitor()
    const { searchParams } = await person.goToIms('?returnTo=/there&prompt=none')
    const back = await person.ask(`/auth/callback?error=login_required&state=${searchParams.get('state')}`)
    expect([back.status, back.headers.get('location')]).toEqual([302, '/there'])
    expect((await person.session()).signedIn).toBe(false)
  })

  test('that the page never sees ends after a few rounds, until the person wants to try again (S27)', async () => {
    const { visitor, emulator } = await setting()
    const person = visitor()
    for (let round = 0; round < 5; round++) {
      expect((await person.signIn()).status).toBe(302)
      person.jar.delete(sessionName)
    }
    const stopped = await person.ask('/auth/login')
    expect([stopped.status, stopped.headers.get('location')]).toEqual([429, null])
    expect(granted(emulator, 'authorization_code')).toBe(5)
    expect((await person.signIn('?again=true')).status).toBe(302)
    // seen by the page: what went before was no loop
    for (let round = 0; round < 6; round++) {
      await person.session()
      expect((await person.signIn()).status).toBe(302)
    }
  })

  test.each([
    ['issuer', (url: URL) => url.searchParams.set('iss', 'https://evil.example')],
    ['second code', (url: URL) => url.searchParams.append('code', 'x')],
    ['second state', (url: URL) => url.searchParams.append('state', 'x')],
  ])('whose answer has a foreign %s is refused', async (_, change) => {
    const { visitor, emulator } = await setting()
    const person = visitor()
    const callback = await person.goToIms()
    change(callback)
    expect((await person.comeBack(callback)).status).toBe(400)
    expect(granted(emulator, 'authorization_code')).toBe(0)
  })

  test.each([
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https:evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    '%2f%2fevil.example',
    '/%2f%2fevil.example',
    '/%5cevil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/ok\r\nSet-Cookie: a=b',
    '\u0000//evil.example',
    '/auth/login',
    'evil.example',
    '',
  ])('does not end at %j', async (returnTo) => {
    const { visitor } = await setting()
    const answer = await visitor().ask(`/auth/login?${new URLSearchParams({ returnTo })}`)
    expect([answer.status, answer.headers.get('location'), answer.headers.getSetCookie()]).toEqual([400, null, []])
  })
})

describe('a second sign-in', () => {
  test('takes the place of the first, whose cookie opens nothing any more', async () => {
    const { visitor } = await setting()
    const person = visitor()
    await person.signIn()
    const first = person.copy()
    const { csrfToken } = await person.session()
    await person.signIn()
    expect((await person.session()).csrfToken).not.toBe(csrfToken)
    expect((await first.session()).signedIn).toBe(false)
  })
})

describe('the cookies', () => {
  const spoil: Record<string, (value: string) => string> = {
    changed: (value) => value.slice(0, -5) + (value.at(-5) === 'A' ? 'B' : 'A') + value.slice(-4),
    truncated: (value) => value.slice(0, -20),
    'of another make': () => 'eyJhbGciOiJub25lIn0.e30.',
    oversized: (value) => value.repeat(60),
    empty: () => '',
  }
  test.each(Object.keys(spoil))('of a session that are %s open nothing and go away', async (how) => {
    const { visitor } = await setting()
    const person = visitor()
    await person.signIn()
    person.jar.set(sessionName, spoil[how]?.(person.jar.get(sessionName) ?? '') ?? '')
    expect(await person.session()).toEqual({ signedIn: false })
  })

  test('of a login do not stand in for a session, nor that for a login', async () => {
    const { visitor } = await setting()
    const person = visitor()
    await person.signIn()
    const callback = await person.goToIms()
    const [loginName = ''] = loginNames(person)
    const [login = '', session = ''] = [person.jar.get(loginName), person.jar.get(sessionName)]
    const swapped = visitor()
    swapped.jar.set(sessionName, login)
    expect((await swapped.session()).signedIn).toBe(false)
    swapped.jar.set(loginName, session)
    expect((await swapped.comeBack(callback)).status).toBe(400)
  })

  test('of two logins are not exchanged', async () => {
    const { visitor, emulator } = await setting()
    const person = visitor()
    const callback = await person.goToIms()
    const [first = ''] = loginNames(person)
    await person.goToIms()
    const second = loginNames(person).find((name) => name !== first) ?? ''
    person.jar.set(first, person.jar.get(second) ?? '')
    expect((await person.comeBack(callback)).status).toBe(400)
    expect(granted(emulator, 'authorization_code')).toBe(0)
  })

  test('sealed with an old secret are accepted and sealed anew, those of a foreign one are not', async () => {
    const { visitor } = await setting()
    const person = visitor()
    await person.signIn()
    const newer = 'another secret of the tests, also more than 32 bytes'
    const rotating = visitor({ sessionSecret: [newer, secret] })
    for (const [name, value] of person.jar) rotating.jar.set(name, value)
    const before = rotating.jar.get(sessionName)
    expect((await rotating.session()).signedIn).toBe(true)
    const resealed = rotating.jar.get(sessionName)
    expect(resealed).not.toBe(before)
    expect((await rotating.session()).signedIn).toBe(true)
    expect(rotating.jar.get(sessionName)).toBe(resealed)
    const rotated = visitor({ sessionSecret: newer })
    for (const [name, value] of rotating.jar) rotated.jar.set(name, value)
    expect((await rotated.session()).signedIn).toBe(true)
    const foreign = visitor({ sessionSecret: newer })
    for (const [name, value] of person.jar) foreign.jar.set(name, value)
    expect((await foreign.session()).signedIn).toBe(false)
  })

  test('that are too long for one are split, and what is left over goes away', async () => {
    const { visitor } = await setting({ user: (claims) => ({ ...claims, long: 'x'.repeat(4_000) }) })
    const person = visitor()
    await person.signIn()
    const parts = [...person.jar].filter(([name]) => name.startsWith(sessionName))
    expect(parts.length).toBeGreaterThan(1)
    for (const [name, value] of parts) expect(name.length + value.length).toBeLessThan(4_000)
    expect((await person.session()).signedIn).toBe(true)
    const short = visitor({ user: ({ sub = '' }) => ({ sub }), store: memoryStore() })
    for (const [name, value] of person.jar) short.jar.set(name, value)
    await short.signIn()
    expect([...short.jar.keys()].filter((name) => name.startsWith(sessionName))).toEqual([sessionName])
    person.jar.delete(`${sessionName}.1`)
    expect((await person.session()).signedIn).toBe(false)
  })

  test('that no browser would keep are refused with a remedy', async () => {
    const { visitor } = await setting({ user: (claims) => ({ ...claims, long: 'x'.repeat(20_000) }) })
    const answer = await visitor().signIn()
    expect(answer.status).toBe(500)
    expect(await answer.text()).toContain('kvStore')
  })

  test('expire with the session', async () => {
    const { visitor, pass } = await setting({ sessionMaxAge: 2 * hour })
    const person = visitor()
    await person.signIn()
    pass(hour)
    expect((await person.session()).signedIn).toBe(true)
    pass(hour + 1_000)
    expect((await person.session()).signedIn).toBe(false)
  })

  test('end sooner where the site is told so afterwards', async () => {
    const { visitor, pass } = await setting({ sessionMaxAge: 2 * hour })
    const person = visitor()
    await person.signIn()
    const stricter = visitor({ sessionMaxAge: hour })
    for (const [name, value] of person.jar) stricter.jar.set(name, value)
    expect((await stricter.session()).signedIn).toBe(true)
    pass(hour + 1_000)
    expect((await person.session()).signedIn).toBe(true)
    expect((await stricter.session()).signedIn).toBe(false)
  })

  test('are outlived by nothing in the store', async () => {
    const store = memoryStore()
    const ends: (number | undefined)[] = []
    const noting: Store = {
      ...store,
      set(key, value, expiresAt) {
        ends.push(expiresAt)
        return store.set(key, value, expiresAt)
      },
    }
    const { visitor } = await setting({ sessionMaxAge: 2 * hour, store: noting })
    await visitor().signIn()
    expect(ends.length).toBeGreaterThan(0)
    for (const end of ends) expect(end).toBeLessThanOrEqual(Date.now() + 2 * hour)
  })

  test('that cannot be opened are taken away', async () => {
    const person = (await setting()).visitor()
    person.jar.set(sessionName, 'a.b.c.d.e')
    expect((await person.session()).signedIn).toBe(false)
    expect(person.jar.has(sessionName)).toBe(false)
  })

  test('can be Strict, but for the one that has to come back from IMS (S58)', async () => {
    const person = (await setting({ sameSite: 'Strict' })).visitor()
    const begun = (await person.ask('/auth/login')).headers.getSetCookie()
    const lineOf = (lines: string[], name: string) => lines.filter((line) => line.includes(name))
    expect(lineOf(begun, 'imskit-login-')).toEqual([expect.stringContaining('SameSite=Lax')])
    const sent = lineOf((await person.signIn()).headers.getSetCookie(), sessionName)
    const lines = sent.filter((line) => !line.includes('Max-Age=0'))
    expect(lines).not.toEqual([])
    expect(lines.filter((line) => !line.includes('SameSite=Strict'))).toEqual([])
  })

  test('hold no token that one could read (S52, S58)', async () => {
    const { visitor } = await setting()
    const person = visitor()
    await person.signIn()
    for (const value of person.jar.values()) {
      const parts = value.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))
      expect(parts.join()).not.toMatch(/accessToken|refreshToken|access_token/)
    }
  })
})

describe('a request from elsewhere', () => {
  test.each([
    ['without the token', {}],
    ['with a token of its own', { 'x-csrf-token': 'AAAAAAAAAAAAAAAAAAAAAA' }],
    ['from another site', { 'x-csrf-token': 'right', 'sec-fetch-site': 'cross-site' }],
    ['from a neighbour', { 'x-csrf-token': 'right', 'sec-fetch-site': 'same-site' }],
    ['from another origin', { 'x-csrf-token': 'right', origin: 'https://evil.example' }],
    ['from nowhere', { 'x-csrf-token': 'right', origin: 'null' }],
    ['by a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ])('%s signs nobody out and calls no API (S59)', async (_, headers: Record<string, string>) => {
    const { emulator, visitor } = await setting()
    const proxy = [{ path: '/api/', to: `${emulator.url}/api/` }]
    const person = visitor({ proxy })
    await person.signIn()
    const { csrfToken = '' } = await person.session()
    const sent = { ...headers, ...(headers['x-csrf-token'] === 'right' && { 'x-csrf-token': csrfToken }) }
    for (const [path, method] of [
      ['/auth/logout', 'POST'],
      ['/api/echo', 'POST'],
      ['/api/echo', 'GET'],
      ['/api/echo', 'OPTIONS'],
    ] as const) {
      const answer = await person.ask(path, { method, headers: sent })
      expect([path, method, answer.status]).toEqual([path, method, 403])
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
    expect((await person.session()).signedIn).toBe(true)
    expect(emulator.requests.filter(({ path }) => path.startsWith('/api/'))).toEqual([])
  })

  test('does not learn who is signed in (S59)', async () => {
    const { visitor } = await setting()
    const person = visitor()
    await person.signIn()
    const asked = await person.ask('/auth/session', { headers: { 'sec-fetch-site': 'cross-site' } })
    expect(asked.status).toBe(403)
    const headers = (await person.ask('/auth/session')).headers
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
  })

  test.each([
    ['/auth/logout', 'GET', 405],
    ['/auth/login', 'POST', 405],
    ['/auth/session', 'POST', 405],
    ['/auth/callback', 'POST', 405],
    ['/auth/other', 'GET', 404],
    ['//evil.example/auth/login', 'GET', 404],
  ])('to %s by %s is a %i', async (path, method, status) => {
    const { visitor } = await setting()
    expect((await visitor().ask(path, { method })).status).toBe(status)
  })
})

describe('a sign-out', () => {
  test('ends the tokens at IMS, says where to end its session, and a kept cookie opens nothing', async () => {
    const events: string[] = []
    const { visitor, emulator } = await setting({ onEvent: ({ type }) => events.push(type) })
    const person = visitor()
    await person.signIn()
    const kept = person.copy()
    const answer = await person.call('/auth/logout', { method: 'POST' })
    expect(events.filter((type) => type === 'logout')).toHaveLength(1)
    const { logoutUrl } = (await answer.json()) as { logoutUrl: string }
    expect(new URL(logoutUrl).searchParams.get('redirect_uri')).toBe(`${origin}/`)
    expect(logoutUrl.startsWith(`${emulator.url}/ims/logout`)).toBe(true)
    expect(emulator.requests.filter(({ path }) => /invalidate|revoke/.test(path)).map(({ status }) => status)).toEqual([
      200, 200,
    ])
    expect(ours(person)).toEqual([])
    expect((await kept.session()).signedIn).toBe(false)
  })

  test('is not undone by a renewal that was under way (S46)', async () => {
    const [arrived, released] = [signal(), signal()]
    let holding = false
    const gated: Fetch = async (url, init) => {
      const answer = await fetch(url, init)
      // renewed at IMS, and not yet heard of here
      if (holding && url.includes('/token/')) {
        arrived.give()
        await released.given
      }
      return answer
    }
    const { visitor, pass } = await setting({ fetch: gated, lock: noLock })
    const person = visitor()
    await person.signIn()
    const { csrfToken = '' } = await person.session()
    pass(24 * hour)
    holding = true
    const renewing = person.copy()
    const renewal = renewing.session()
    await arrived.given
    await person.ask('/auth/logout', { method: 'POST', headers: { 'x-csrf-token': csrfToken } })
    released.give()
    await renewal
    expect(ours(renewing)).toEqual([])
    expect((await renewing.session()).signedIn).toBe(false)
  })

  test('happens here though IMS is out of reach', async () => {
    const { visitor, emulator } = await setting({ retry: { retries: 0 } })
    const person = visitor()
    await person.signIn()
    emulator.fault({ path: /invalidate|revoke/, status: 503, times: 10 })
    expect((await person.call('/auth/logout', { method: 'POST' })).status).toBe(200)
    expect((await person.session()).signedIn).toBe(false)
  })

  test('everywhere ends every session of the person where a store knows of them', async () => {
    const store = memoryStore()
    const { visitor, pass } = await setting({ store })
    const [desk, phone] = [visitor(), visitor({})]
    await desk.signIn()
    await phone.signIn()
    expect((await phone.session()).signedIn).toBe(true)
    pass(1_000)
    expect((await desk.call('/auth/logout?everywhere=true', { method: 'POST' })).status).toBe(200)
    expect((await phone.session()).signedIn).toBe(false)
    pass(1_000)
    await phone.signIn()
    expect((await phone.session()).signedIn).toBe(true)
    const bare = visitor({ store: undefined })
    await bare.signIn()
    expect((await bare.call('/auth/logout?everywhere=true', { method: 'POST' })).status).toBe(400)
  })
})

describe('a renewal', () => {
  test.each([
    ['in the cookie', () => ({})],
    ['in a store', () => ({ store: memoryStore() })],
    ['in a store, by a lock of the site', () => ({ lock: processLock(), store: memoryStore() })],
  ])('is one for many requests where the tokens are %s', async (_, options) => {
    const { visitor, emulator, pass } = await setting(options())
    const person = visitor()
    await person.signIn()
    pass(24 * hour)
    const tabs = Array.from({ length: 10 }, () => person.copy())
    const told = await Promise.all(tabs.map((tab) => tab.session()))
    expect(told.every(({ signedIn }) => signedIn)).toBe(true)
    expect(granted(emulator, 'refresh_token')).toBe(1)
    expect(emulator.requests.filter(({ status }) => status >= 400)).toEqual([])
    // each got a cookie that goes on working
    pass(24 * hour)
    expect((await (tabs[9] as Visitor).session()).signedIn).toBe(true)
  })

  test('that IMS refuses signs out once the browser has had time to send a newer cookie', async () => {
    const { visitor, emulator, pass } = await setting()
    const person = visitor()
    await person.signIn()
    const names = ours(person)
    pass(24 * hour)
    emulator.fault({ path: '/ims/token/v3', status: 400, body: { error: 'invalid_grant' }, times: 5 })
    for (let time = 0; time < 2; time++) {
      const answer = await person.ask('/auth/session')
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await answer.json()).toMatchObject({ error: 'SESSION_OUTDATED' })
      expect(ours(person)).toEqual(names)
    }
    pass(10_000)
    expect(await person.session()).toEqual({ signedIn: false })
    expect(ours(person)).toEqual([])
    expect(emulator.requests.filter(({ status }) => status === 400)).toHaveLength(1)
  })

  test.each(['invalid_token', 'access_denied'])('that IMS refuses with %s is asked for once, too', async (error) => {
    const { visitor, emulator, pass } = await setting()
    const person = visitor()
    await person.signIn()
    pass(24 * hour)
    emulator.fault({ path: '/ims/token/v3', status: 400, body: { error }, times: 5 })
    for (let time = 0; time < 2; time++) expect((await person.ask('/auth/session')).status).toBe(503)
    pass(10_000)
    expect(await person.session()).toEqual({ signedIn: false })
    expect(emulator.requests.filter(({ status }) => status === 400)).toHaveLength(1)
  })

  test('that IMS refuses signs out at once if a store has the tokens', async () => {
    const { visitor, emulator, pass } = await setting({ store: memoryStore() })
    const person = visitor()
    await person.signIn()
    pass(24 * hour)
    emulator.fault({ path: '/ims/token/v3', status: 400, body: { error: 'invalid_grant' }, times: 5 })
    expect(await person.session()).toEqual({ signedIn: false })
    expect(ours(person)).toEqual([])
  })

  test('that IMS does not answer keeps the session', async () => {
    const { emulator, visitor, pass } = await setting({ retry: { retries: 0 } })
    const person = visitor({ proxy: [{ path: '/api/', to: `${emulator.url}/api/` }] })
    await person.signIn()
    pass(24 * hour)
    emulator.fault({ path: '/ims/token/v3', status: 503, times: 3 })
    expect((await person.session()).signedIn).toBe(true)
    const answer = await person.call('/api/echo')
    expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true])
    expect((await person.session()).signedIn).toBe(true)
    expect((await person.call('/api/echo')).status).toBe(200)
  })
})

describe('a store that fails', () => {
  const failing = () => {
    const inner = memoryStore()
    const broken = { read: false, write: false, only: '' }
    const unless = async <T>(fails: boolean, work: () => Promise<T>) => {
      if (fails) throw new Error('the medium is gone')
      return work()
    }
    const store: Store = {
      get: (key) => unless(broken.read && key.includes(broken.only), () => inner.get(key)),
      set: (key, value, until) => unless(broken.write && key.includes(broken.only), () => inner.set(key, value, until)),
      delete: (key) => unless(broken.write, () => inner.delete(key)),
      keys: (start) => inner.keys(start),
    }
    return { store, broken }
  }

  test.each(['', 'imskit/tokens/'])('on reading %s signs nobody out', async (only) => {
    const { store, broken } = failing()
    const { visitor } = await setting({ store })
    const person = visitor()
    await person.signIn()
    const names = ours(person)
    Object.assign(broken, { read: true, only })
    expect((await person.ask('/auth/session')).status).toBe(503)
    expect(ours(person)).toEqual(names)
    broken.read = false
    expect((await person.session()).signedIn).toBe(true)
  })

  test.each([
    ['', 0],
    ['imskit/tokens/', 2],
  ])('on writing %s lets no sign-in seem to succeed, and leaves no token at IMS', async (only, ended) => {
    const { store, broken } = failing()
    const { visitor, emulator } = await setting({ store })
    const person = visitor()
    const callback = await person.goToIms()
    Object.assign(broken, { write: true, only })
    expect((await person.comeBack(callback)).status).toBe(503)
    broken.write = false
    expect((await person.session()).signedIn).toBe(false)
    expect(granted(emulator, 'authorization_code')).toBe(ended / 2)
    expect(emulator.requests.filter(({ path }) => /invalidate|revoke/.test(path))).toHaveLength(ended)
  })

  test('on writing at a sign-out takes the cookie away nevertheless', async () => {
    const { store, broken } = failing()
    const { visitor } = await setting({ store })
    const person = visitor()
    await person.signIn()
    const kept = person.copy()
    const { csrfToken = '' } = await person.session()
    broken.write = true
    const answer = await person.ask('/auth/logout', { method: 'POST', headers: { 'x-csrf-token': csrfToken } })
    expect(answer.status).toBe(200)
    expect(ours(person)).toEqual([])
    expect((await kept.session()).signedIn).toBe(false)
  })
})

describe('options', () => {
  const flow = authorizationCode({ clientId: 'site', scopes: ['openid'] })
  test.each([
    ['a short secret', { sessionSecret: 'too short' }],
    ['one short secret of two', { sessionSecret: [secret, 'x'] }],
    ['no secret', { sessionSecret: [] }],
    ['http', { origin: 'http://app.example' }],
    ['http though insecure', { origin: 'http://app.example', insecure: true }],
    ['http on loopback by oversight', { origin: 'http://localhost:1234' }],
    ['a path in the origin', { origin: 'https://app.example/x' }],
    ['a base that ends with a slash', { basePath: '/auth/' }],
    ['a landing elsewhere', { afterLogin: '//evil.example' }],
    ['a flow without a person', { flow: {} as never }],
    ['an unknown environment', { env: 'nowhere' }],
  ])('with %s are refused', (_, wrong) => {
    expect(() => createAuthHandler({ flow, sessionSecret: secret, origin, ...wrong })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    )
  })

  test('of a site that is not known to be https are refused when asked', async () => {
    const handler = createAuthHandler({ flow, sessionSecret: secret })
    const answer = await handler(new Request('http://app.example/auth/login'))
    expect(answer.status).toBe(500)
    expect(await answer.text()).toContain('https')
  })

  test('may name another callback, and another base', async () => {
    const { visitor } = await setting({ basePath: '/me/in' })
    expect((await visitor().ask('/me/in/session')).status).toBe(200)
    expect((await visitor().ask('/auth/session')).status).toBe(404)
  })
})

describe('the lock of an isolate', () => {
  lockContract(test, { makeLock: isolateLock })

  test('stays with a holder that takes longer than the lease', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const lock = isolateLock()
    const { give, given } = signal()
    const order: string[] = []
    const first = lock('name', () => given.then(() => order.push('first')))
    const second = lock('name', async () => order.push('second'))
    await vi.advanceTimersByTimeAsync(100_000)
    give()
    await vi.advanceTimersByTimeAsync(1_000)
    await Promise.all([first, second])
    expect(order).toEqual(['first', 'second'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
