import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEmulator, type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { authorizeUrl, callback, createPerson, post, signIn } from '../person.ts'

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

describe('logout', () => {
  const silent = async (person: ReturnType<typeof createPerson>) => {
    const { client_id, scope } = emulator.contexts.oauth
    const request = { client_id, scope, redirect_uri: callback, prompt: 'none' }
    return (await person.visit(authorizeUrl(emulator, request))).url.searchParams.get('error')
  }
  const visitor = async () => {
    const { client_id, client_secret, scope } = emulator.contexts.oauth
    const person = createPerson(emulator)
    const back = await signIn(emulator, { client_id, scope, redirect_uri: callback }, { person })
    const { body } = await post(`${emulator.url}/ims/token/v3`, {
      grant_type: 'authorization_code',
      client_id,
      client_secret,
      code: back.searchParams.get('code') ?? '',
    })
    expect(await silent(person)).toBeNull()
    return { person, token: body.access_token as string }
  }
  const logoutUrl = (path: string, params: Record<string, string>) =>
    new URL(`${emulator.url}${path}?${new URLSearchParams(params)}`)

  const profileStatus = async (token: string) =>
    (await fetch(`${emulator.url}/ims/profile/v1`, { headers: { authorization: `Bearer ${token}` } })).status

  test('ends the session and its tokens and goes back to a registered URI', async () => {
    const { person, token } = await visitor()
    const other = await visitor()
    const params = { client_id: 'emulator-web-app', redirect_uri: callback }
    const { url } = await person.visit(logoutUrl('/ims/logout/v1', params))
    expect(url.href).toBe(callback)
    expect(person.cookies.has('ims_sid')).toBe(false)
    expect(await silent(person)).toBe('login_required')
    expect(await profileStatus(token)).toBe(401)
    expect(await profileStatus(other.token)).toBe(200)
  })

  test('never redirects elsewhere', async () => {
    const { person } = await visitor()
    const params = { client_id: 'emulator-web-app', redirect_uri: 'https://evil.example.org/' }
    const { page } = await person.visit(logoutUrl('/ims/logout', params))
    expect(page).toContain('not registered')
    expect(await silent(person)).toBe('login_required')
  })

  test('with the access token alone it ends the session from behind', async () => {
    const { person, token } = await visitor()
    const params = { client_id: 'emulator-web-app', client_secret: 'emulator-web-app-secret', access_token: token }
    const { status, response } = await post(`${emulator.url}/ims/logout/v1`, params)
    expect([status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await silent(person)).toBe('login_required')
    expect((await post(`${emulator.url}/ims/logout/v1`, { ...params, client_secret: 'wrong' })).status).toBe(400)
  })

  test('takes only a POST with the access token, if the emulator was set up so', async () => {
    const own = await createEmulator({ logoutByUrl: false, autoLogin: 'user@example.com' })
    const { client_id, client_secret, scope } = own.contexts.oauth
    const query = new URLSearchParams({ client_id, scope, redirect_uri: callback, response_type: 'code' })
    const back = await own.fetch(`${own.url}/ims/authorize/v2?${query}`)
    const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? ''
    const ask = (path: string, params: Record<string, string>) =>
      own.fetch(own.url + path, { method: 'POST', body: new URLSearchParams(params) })
    const grant = { grant_type: 'authorization_code', client_id, client_secret, code }
    const { access_token } = await (await ask('/ims/token/v3', grant)).json()
    const bearer = { headers: { authorization: `Bearer ${access_token}` } }
    const profile = async () => (await own.fetch(`${own.url}/ims/profile/v1`, bearer)).status
    const byUrl = { client_id, redirect_uri: callback, access_token }
    const refusals = [
      own.fetch(`${own.url}/ims/logout/v1?${new URLSearchParams(byUrl)}`),
      ask(`/ims/logout/v1?${new URLSearchParams(byUrl)}`, {}),
      ask('/ims/logout/v1', { client_id, redirect_uri: callback }),
    ]
    for (const refusal of await Promise.all(refusals)) expect(refusal.status).toBe(400)
    expect(await profile()).toBe(200)
    const { status, headers } = await ask('/ims/logout/v1', byUrl)
    expect([status, headers.get('location')]).toEqual([302, callback])
    expect(await profile()).toBe(401)
  })

  test('without a redirect it answers JSON or JSONP', async () => {
    const { person } = await visitor()
    expect((await person.visit(logoutUrl('/ims/logout/v1/token', { client_id: 'emulator-web-app' }))).page).toBe('{}')
    expect(await silent(person)).toBe('login_required')
    const jsonp = await fetch(logoutUrl('/ims/logout/v1/token', { callback: 'done' }))
    expect(await jsonp.text()).toBe('done({})')
    expect((await fetch(logoutUrl('/ims/logout/v1/token', { callback: 'alert(1)//' }))).status).toBe(400)
  })
})
