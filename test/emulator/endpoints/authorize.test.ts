import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { authorizeUrl, callback, createPerson, createPkce, post, signIn } from '../person.ts'

let emulator: RunningEmulator
const appCallback = 'https://app.example.com/callback'

beforeAll(async () => {
  emulator = await startEmulator({
    scopes: ['never_asked_before', 'not_yet_granted', 'a_scope_without_consent'],
    users: [{ email: 'first@example.com', password: 'correct' }, { email: 'user@example.com' }],
    clients: [
      {
        clientId: 'app',
        clientSecrets: ['s'],
        redirectUris: [appCallback, /https:\/\/[a-z]+\.example\.com\/cb/],
        scopes: ['openid', 'AdobeID'],
        grants: ['authorization_code', 'implicit'],
        consent: false,
      },
      { clientId: 'no-default', clientSecrets: ['s'], redirectUris: [/https:\/\/only\.example\.com\/.*/] },
      {
        clientId: 'bare',
        clientSecrets: ['s'],
        redirectUris: ['https://bare.example.com/default', 'https://other.example.com:9080'],
      },
      {
        clientId: 'native',
        redirectUris: ['adobe+0a1b2c://adobeid/native'],
        consent: false,
      },
    ],
  })
})
afterAll(() => emulator.close())

const publicRequest = () => {
  const { client_id, scope } = emulator.contexts.oauth_public
  const { challenge } = createPkce()
  return {
    client_id,
    scope,
    redirect_uri: callback,
    state: 'st',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }
}
const appRequest = { client_id: 'app', scope: 'openid', redirect_uri: appCallback, state: 'st' }
const failure = ({ searchParams }: URL) => [searchParams.get('error'), searchParams.get('state')]

describe('the forms', () => {
  test('sign-in and consent lead back with code and state', async () => {
    const person = createPerson(emulator)
    const form = await person.visit(authorizeUrl(emulator, publicRequest()))
    expect(form.status).toBe(200)
    const consent = await person.press(form, 'sign-in', { email: 'USER@example.com', password: 'whatever' })
    expect(consent.page).toContain('<li>read_organizations</li>')
    const { url } = await person.press(consent, 'allow')
    expect(url.href.startsWith(`${callback}?code=eyJ`)).toBe(true)
    expect(url.searchParams.get('state')).toBe('st')
    expect(decodeJwt(url.searchParams.get('code') ?? '')).toMatchObject({ type: 'authorization_code', state: 'st' })
  })

  test('are accessible, without script, and under a policy of their own', async () => {
    const { page = '', headers } = await createPerson(emulator).visit(authorizeUrl(emulator, publicRequest()))
    expect(page).toContain('<html lang="en">')
    expect(page).toMatch(/<label for="email">.*<input id="email"/s)
    expect(page).not.toContain('<script')
    const policy = headers?.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain(/<style nonce="([^"]+)"/.exec(page)?.[1])
  })

  test('set a session cookie that scripts cannot read', async () => {
    const answer = await fetch(authorizeUrl(emulator, publicRequest()), {
      method: 'POST',
      body: new URLSearchParams({ action: 'sign-in', email: 'user@example.com' }),
      redirect: 'manual',
    })
    expect(answer.status).toBe(303)
    expect(answer.headers.get('set-cookie')).toMatch(/^ims_sid=\S+; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  test('a wrong password or address shows the form again, with the address in place', async () => {
    const person = createPerson(emulator)
    const form = await person.visit(authorizeUrl(emulator, publicRequest()))
    const again = await person.press(form, 'sign-in', { email: 'first@example.com', password: 'wrong' })
    expect(again.status).toBe(400)
    expect(again.page).toContain('role="alert"')
    expect(again.page).toContain('value="first@example.com"')
    expect((await person.press(again, 'sign-in', { email: 'nobody@example.com', password: 'x' })).status).toBe(400)
    const next = await person.press(again, 'sign-in', { email: 'first@example.com', password: 'correct' })
    expect(next.page).toContain('first@example.com')
  })

  test('what is typed is escaped', async () => {
    const url = authorizeUrl(emulator, { ...publicRequest(), login_hint: '"><script>x</script>' })
    const { page } = await createPerson(emulator).visit(url)
    expect(page).not.toContain('<script>')
    expect(page).toContain('&quot;&gt;&lt;script&gt;')
  })

  test('cancelling at either form is access_denied', async () => {
    const person = createPerson(emulator)
    const form = await person.visit(authorizeUrl(emulator, publicRequest()))
    expect(failure((await person.press(form, 'cancel')).url)).toEqual(['access_denied', 'st'])
    const unseen = { ...publicRequest(), scope: 'openid,never_asked_before' }
    const again = await person.visit(authorizeUrl(emulator, unseen))
    const consent = await person.press(again, 'sign-in', { email: 'user@example.com' })
    expect(failure((await person.press(consent, 'cancel')).url)).toEqual(['access_denied', 'st'])
  })

  test('consent needs the token of the form', async () => {
    const person = createPerson(emulator)
    const form = await person.visit(authorizeUrl(emulator, { ...publicRequest(), scope: 'openid,not_yet_granted' }))
    const consent = await person.press(form, 'sign-in', { email: 'user@example.com' })
    const forged = await person.press(consent, 'allow', { form_token: 'guessed' })
    expect(failure(forged.url)).toEqual(['access_denied', 'st'])
  })
})

describe('the session', () => {
  test('a second request needs no form', async () => {
    const person = createPerson(emulator)
    await signIn(emulator, publicRequest(), { person })
    const { url } = await person.visit(authorizeUrl(emulator, publicRequest()))
    expect(url.searchParams.get('code')).toMatch(/^eyJ/)
  })

  test('prompt=login asks again', async () => {
    const person = createPerson(emulator)
    await signIn(emulator, publicRequest(), { person })
    const form = await person.visit(authorizeUrl(emulator, { ...publicRequest(), prompt: 'login' }))
    expect(form.page).toContain('name="password"')
    const { url } = await person.press(form, 'sign-in', { email: 'user@example.com' })
    expect(url.searchParams.get('code')).toMatch(/^eyJ/)
  })

  test('prompt=none says login_required, consent_required or answers', async () => {
    const person = createPerson(emulator)
    const silent = { ...publicRequest(), prompt: 'none' }
    expect(failure((await person.visit(authorizeUrl(emulator, silent))).url)).toEqual(['login_required', 'st'])
    await signIn(emulator, publicRequest(), { person })
    const more = { ...silent, scope: 'openid,a_scope_without_consent' }
    expect(failure((await person.visit(authorizeUrl(emulator, more))).url)).toEqual(['consent_required', 'st'])
    expect((await person.visit(authorizeUrl(emulator, silent))).url.searchParams.get('code')).toMatch(/^eyJ/)
    const both = await person.visit(authorizeUrl(emulator, { ...silent, prompt: 'none login' }))
    expect(failure(both.url)).toEqual(['invalid_request', 'st'])
  })
})

describe('the request', () => {
  const arrive = (params: Record<string, string>, version?: string) =>
    createPerson(emulator).visit(authorizeUrl(emulator, params, version))

  test('an unknown client or a client without a place to go gets a page, never a redirect', async () => {
    for (const client_id of ['nobody', 'no-default']) {
      const { status, page } = await arrive({ ...appRequest, client_id })
      expect(status).toBe(400)
      expect(page).toContain('Invalid request')
    }
  })

  test('an absent or unregistered redirect_uri leads to the default one, as at IMS', async () => {
    for (const redirect_uri of ['', 'https://evil.example.org/', 'https://evilexample.com/cb', `${appCallback}/more`]) {
      const { url } = await arrive({ ...appRequest, redirect_uri, prompt: 'none' })
      expect(url.href.split('?')[0]).toBe(appCallback)
    }
    const { url } = await arrive({ ...appRequest, redirect_uri: 'https://any.example.com/cb', prompt: 'none' })
    expect(url.host).toBe('any.example.com')
    const page = await arrive({ ...publicRequest(), redirect_uri: 'https://app.example.com/', prompt: 'none' })
    expect(page.page).toContain('default')
  })

  test('a redirect URI that is registered as a string is compared exactly, its last slash included', async () => {
    const request = { client_id: 'bare', scope: 'openid', prompt: 'none' }
    const end = async (redirect_uri: string) => (await arrive({ ...request, redirect_uri })).url.href.split('?')[0]
    expect(await end('https://other.example.com:9080')).toBe('https://other.example.com:9080/')
    // a mismatch, so the default one
    for (const other of ['https://other.example.com:9080/', 'https://OTHER.example.com:9080']) {
      expect(await end(other)).toBe('https://bare.example.com/default')
    }
  })

  test('v3 knows code with PKCE, and refuses the device flow, whose answers are not public', async () => {
    const person = createPerson(emulator)
    const form = await person.visit(authorizeUrl(emulator, { ...publicRequest(), scope: 'openid' }, '/v3'))
    const next = await person.press(form, 'sign-in', { email: 'user@example.com' })
    const { url } = next.page === undefined ? next : await person.press(next, 'allow')
    expect(decodeJwt(url.searchParams.get('code') ?? '')).toMatchObject({ scope: 'openid,AdobeID', state: 'st' })
    const device = { ...publicRequest(), response_type: 'device', response_mode: 'query' }
    expect(failure((await arrive(device, '/v3')).url)).toEqual(['unsupported_response_type', 'st'])
  })

  test('scopes that the ready-made clients do not have are invalid_scope', async () => {
    const { url } = await arrive({ ...publicRequest(), scope: 'openid,unheard_of' })
    expect(failure(url)).toEqual(['invalid_scope', 'st'])
  })

  test.each(['http://127.0.0.1:1/', 'http://[::1]:65535/x', 'http://localhost:3000/cb?a=b', 'http://localhost'])(
    'the ready-made clients may use %s',
    async (redirect_uri) => {
      const { url } = await arrive({ ...publicRequest(), redirect_uri, prompt: 'none' })
      expect(url.origin).toBe(new URL(redirect_uri).origin)
    },
  )

  test('scopes the client lacks, a missing challenge and unknown response types are sent back as errors', async () => {
    const outcome = async (params: Record<string, string>) => failure((await arrive(params)).url)
    const { code_challenge: _, ...unprotected } = publicRequest()
    expect(await outcome({ ...appRequest, scope: 'openid,other' })).toEqual(['invalid_scope', 'st'])
    expect(await outcome(unprotected)).toEqual(['invalid_request', 'st'])
    expect(await outcome({ ...publicRequest(), code_challenge_method: 'S512' })).toEqual(['invalid_request', 'st'])
    expect(await outcome({ ...appRequest, response_type: 'device', response_mode: 'query' })).toEqual([
      'unsupported_response_type',
      'st',
    ])
    expect(await outcome({ ...publicRequest(), response_type: 'token', response_mode: 'query' })).toEqual([
      'unauthorized_client',
      'st',
    ])
  })

  test('a public client must send a PKCE challenge whatever its redirect URI', async () => {
    const native = { client_id: 'native', redirect_uri: 'adobe+0a1b2c://adobeid/native', scope: 'openid' }
    expect((await arrive(native)).url.searchParams.get('error')).toBe('invalid_request')
    const { challenge } = createPkce()
    const { url } = await arrive({
      ...native,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      prompt: 'none',
    })
    expect(url.href.startsWith('adobe+0a1b2c://adobeid/native?error=login_required')).toBe(true)
  })

  test.each([
    ['token', '/v2', ['access_token', 'token_type', 'expires_in', 'state'], '86399'],
    ['token', '/v3', ['access_token', 'token_type', 'expires_in', 'state'], '86399'],
    ['token', '/v1', ['access_token', 'token_type', 'expires_in', 'state'], '86399985'],
    ['id_token', '/v2', ['id_token', 'state'], null],
    ['id_token token', '/v2', ['id_token', 'access_token', 'token_type', 'expires_in', 'state'], '86399'],
    ['code id_token', '/v2', ['code', 'id_token', 'state'], null],
  ])('response_type=%s at %s answers in the fragment', async (response_type, version, names, lifetime) => {
    const person = createPerson(emulator)
    const form = await person.visit(authorizeUrl(emulator, { ...appRequest, response_type, nonce: 'n' }, version))
    const { url } = await person.press(form, 'sign-in', { email: 'user@example.com' })
    expect(url.search).toBe('')
    const fragment = new URLSearchParams(url.hash.slice(1))
    expect([...fragment.keys()]).toEqual(names)
    expect(fragment.get('expires_in')).toBe(lifetime)
    if (fragment.has('id_token')) expect(decodeJwt(fragment.get('id_token') ?? '').nonce).toBe('n')
  })
})

test('autoLogin signs in and consents without a form, but not when asked for silence', async () => {
  const automatic = await startEmulator({ autoLogin: 'someone@example.com' })
  const { client_id, client_secret, scope } = automatic.contexts.oauth
  const request = { client_id, scope, redirect_uri: callback }
  const person = createPerson(automatic)
  const silent = await person.visit(authorizeUrl(automatic, { ...request, prompt: 'none' }))
  expect(silent.url.searchParams.get('error')).toBe('login_required')
  const { url } = await person.visit(authorizeUrl(automatic, request, '/v1'))
  const code = url.searchParams.get('code') ?? ''
  const { body } = await post(`${automatic.url}/ims/token/v1`, {
    grant_type: 'authorization_code',
    client_id,
    client_secret,
    code,
  })
  expect(body.email).toBe('someone@example.com')
  const known = await person.visit(authorizeUrl(automatic, { ...request, prompt: 'none' }))
  expect(known.url.searchParams.get('code')).toMatch(/^eyJ/)
  await automatic.close()
})
