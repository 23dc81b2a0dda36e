import { describe, expect, test } from 'vitest'
import { authorizationCode, createAuthHandler } from '../../../src/adapters/worker/index.ts'
import { granted } from '../visitor.ts'
import { loginNames, sessionName } from './cookie-names.ts'
import { origin, secret, setting } from './setting.ts'

describe('a sign-in', () => {
  test('returns to returnTo with a session, in cookies that scripts and other sites cannot read (S58)', async () => {
    const { visitor } = await setting()
    const browser = visitor()
    expect(await browser.session()).toEqual({ signedIn: false })
    const done = await browser.signIn('?returnTo=/inbox?page=2%23top')
    expect([done.status, done.headers.get('location')]).toEqual([302, '/inbox?page=2#top'])
    const lines = done.headers.getSetCookie()
    const kept = lines.filter((line) => !/Max-Age=0|imskit-returns/.test(line))
    expect(kept.length).toBeGreaterThan(0)
    for (const line of kept)
      expect(line).toMatch(
        /^__Host-Http-imskit-session(?:\.\d)?=[\w.-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/,
      )
    expect(loginNames(browser)).toEqual([])
    expect(await browser.session()).toEqual({
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

  test('in two tabs at the same time finishes in both', async () => {
    const { visitor } = await setting()
    const browser = visitor()
    const first = await browser.goToIms('?returnTo=/one')
    const second = await browser.goToIms('?returnTo=/two')
    expect(loginNames(browser)).toHaveLength(2)
    expect((await browser.comeBack(first)).headers.get('location')).toBe('/one')
    expect((await browser.comeBack(second)).headers.get('location')).toBe('/two')
    expect((await browser.session()).signedIn).toBe(true)
  })

  test('that is abandoned leaves no more than five cookies, the latest ones', async () => {
    const { visitor, pass } = await setting()
    const browser = visitor()
    let last: URL | undefined
    for (let tab = 0; tab < 8; tab++) {
      last = await browser.goToIms()
      pass(1_000)
    }
    expect(loginNames(browser)).toHaveLength(5)
    expect((await browser.comeBack(last as URL)).status).toBe(302)
  })

  test('that another browser started is refused, and its code is not redeemed (S8)', async () => {
    const { visitor, emulator } = await setting()
    const callback = await visitor().goToIms()
    const victim = visitor()
    const refused = await victim.comeBack(callback)
    expect(refused.status).toBe(400)
    expect(refused.headers.getSetCookie()).toEqual([])
    expect((await victim.session()).signedIn).toBe(false)
    expect(granted(emulator, 'authorization_code')).toBe(0)
  })

  test('is finished once, even with a copy of its cookie and address (S7, S22)', async () => {
    const { visitor, emulator } = await setting()
    const browser = visitor()
    const callback = await browser.goToIms()
    const thief = browser.copy()
    expect((await browser.comeBack(callback)).status).toBe(302)
    expect((await thief.comeBack(callback)).status).toBe(400)
    expect((await thief.session()).signedIn).toBe(false)
    // the user loads it again: no error, and no second redemption
    const again = await browser.comeBack(callback)
    expect([again.status, again.headers.get('location')]).toEqual([302, '/'])
    expect(emulator.requests.filter(({ path }) => path === '/ims/token/v3')).toHaveLength(1)
  })

  test('that takes too long is refused', async () => {
    const { visitor, pass } = await setting()
    const browser = visitor()
    const callback = await browser.goToIms()
    pass(16 * 60_000)
    expect((await browser.comeBack(callback)).status).toBe(400)
  })

  test('that is refused ends on a page without untrusted text or scripts (S14)', async () => {
    const { visitor } = await setting()
    const browser = visitor()
    const { searchParams } = await browser.goToIms('?returnTo=/there')
    const state = searchParams.get('state')
    const evil = encodeURIComponent('<img src=x onerror=alert(1)>')
    const answer = await browser.ask(`/auth/callback?error=access_denied&error_description=${evil}&state=${state}`)
    const text = await answer.text()
    expect(answer.status).toBe(403)
    expect(text).not.toContain('onerror')
    expect(text).toContain('returnTo=%2Fthere')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  test('can still finish after a callback with an error and no state, whose description is in the error', async () => {
    const failures: unknown[] = []
    const onFailure = ({ error }: { error: unknown }) => {
      failures.push(error)
      return new Response('failed', { status: 400 })
    }
    const { visitor } = await setting({ onFailure })
    const browser = visitor()
    const callback = await browser.goToIms('?returnTo=/there')
    const said = 'error=invalid_scope&error_description=not%20yours'
    expect((await browser.ask(`/auth/callback?${said}`)).status).toBe(400)
    expect(failures).toMatchObject([
      {
        code: 'STATE_MISMATCH',
        message: expect.stringContaining('invalid_scope not yours'),
        details: { imsError: 'invalid_scope', imsErrorDescription: 'not yours' },
      },
    ])
    expect((await browser.comeBack(callback)).headers.get('location')).toBe('/there')
    expect((await browser.session()).signedIn).toBe(true)
  })

  test('with prompt=none that finds no IMS session returns to the app', async () => {
    const { visitor } = await setting()
    const browser = visitor()
    const { searchParams } = await browser.goToIms('?returnTo=/there&prompt=none')
    const back = await browser.ask(`/auth/callback?error=login_required&state=${searchParams.get('state')}`)
    expect([back.status, back.headers.get('location')]).toEqual([302, '/there'])
    expect((await browser.session()).signedIn).toBe(false)
  })

  test('that the app never notices is stopped after a few rounds, until the user tries again (S27)', async () => {
    const { visitor, emulator } = await setting()
    const browser = visitor()
    for (let round = 0; round < 5; round++) {
      expect((await browser.signIn()).status).toBe(302)
      browser.jar.delete(sessionName)
    }
    const stopped = await browser.ask('/auth/login')
    expect([stopped.status, stopped.headers.get('location')]).toEqual([429, null])
    expect(granted(emulator, 'authorization_code')).toBe(5)
    expect((await browser.signIn('?again=true')).status).toBe(302)
    // the app has noticed the session, so this is not a loop
    for (let round = 0; round < 6; round++) {
      await browser.session()
      expect((await browser.signIn()).status).toBe(302)
    }
  })

  test.each([
    ['issuer', (url: URL) => url.searchParams.set('iss', 'https://evil.example')],
    ['second code', (url: URL) => url.searchParams.append('code', 'x')],
    ['second state', (url: URL) => url.searchParams.append('state', 'x')],
  ])('whose answer has a foreign %s is refused', async (_, change) => {
    const { visitor, emulator } = await setting()
    const browser = visitor()
    const callback = await browser.goToIms()
    change(callback)
    expect((await browser.comeBack(callback)).status).toBe(400)
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
  test('replaces the first, whose cookie is rejected afterwards', async () => {
    const { visitor } = await setting()
    const browser = visitor()
    await browser.signIn()
    const first = browser.copy()
    const { csrfToken } = await browser.session()
    await browser.signIn()
    expect((await browser.session()).csrfToken).not.toBe(csrfToken)
    expect((await first.session()).signedIn).toBe(false)
  })
})

test('the path of a flow is an address of this site, and answers the callback', async () => {
  const flow = authorizationCode({ clientId: 'site', scopes: ['openid'], redirectUri: '/signed-in' })
  const handler = createAuthHandler({ flow, sessionSecret: secret })
  const login = await handler(new Request('https://app.example/auth/login'))
  const { searchParams } = new URL(login.headers.get('location') ?? '')
  expect(searchParams.get('redirect_uri')).toBe('https://app.example/signed-in')
  // a callback without a session gets the page that offers to try again
  const callback = await handler(new Request('https://app.example/signed-in?code=a&state=b'))
  expect(callback.status).toBe(400)
})
