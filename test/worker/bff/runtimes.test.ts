import { request as ask } from 'node:http'
import { beforeEach, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { otherServers } from '../servers.ts'
import { createVisitor, granted, type Send } from '../visitor.ts'
import { startWorker } from '../workerd.ts'

// the same site under every server, asked over real sockets

let emulator: RunningEmulator

beforeEach(async () => {
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
  return () => emulator.close()
})

function config() {
  const { client_id: clientId, client_secret: clientSecret, endpoint } = emulator.contexts.oauth
  return { clientId, clientSecret, endpoint, sessionSecret: 'a secret of the tests with more than 32 bytes' }
}

async function startInWorkerd(inKv: boolean): Promise<string> {
  const { url } = await startWorker({ fixture: 'bff-worker', bindings: { site: config(), inKv } })
  return url.origin
}

const runtimes: readonly (readonly [string, () => Promise<string>])[] = [
  ['workerd, tokens in the cookie', () => startInWorkerd(false)],
  ['workerd, tokens in KV', () => startInWorkerd(true)],
  ...otherServers('bff-serve').map(([name, start]) => [name, () => start(config())] as const),
]

/** Sends a request line as it is, which `fetch` would put right first. */
function raw(origin: string, path: string, headers: Record<string, string>): Promise<number> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    ask({ hostname, port, path, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
      .on('error', reject)
      .end()
  })
}

describe.each(runtimes)('%s', (_, start) => {
  test('signs in, calls the API, renews and signs out, and shows no token', async () => {
    const origin = await start()
    const bodies: string[] = []
    const send: Send = async (url, init) => {
      const response = await fetch(url, init)
      bodies.push(await response.clone().text(), JSON.stringify([...response.headers]))
      return response
    }
    const browser = createVisitor(origin, send)
    expect(await (await browser.ask('/')).text()).toBe('nobody')
    const done = await browser.signIn('?returnTo=/inbox')
    expect([done.status, done.headers.get('location')]).toEqual([302, '/inbox'])
    // two cookies are two lines
    expect(done.headers.getSetCookie().length).toBeGreaterThan(1)
    for (const line of done.headers.getSetCookie())
      expect(line).toMatch(/^imskit-[\w.-]+=[\w.-]*; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/)
    expect((await browser.session()).signedIn).toBe(true)
    expect(await (await browser.ask('/')).text()).toBe('somebody')
    expect(Number(await (await browser.ask('/token-length')).text())).toBeGreaterThan(100)
    const answer = await browser.call('/api/echo', { method: 'POST', body: 'x' })
    expect(await answer.json()).toMatchObject({ method: 'POST', client_id: emulator.contexts.oauth.client_id })
    // refused by the API: renewed, and what is renewed goes into cookie or store
    emulator.fault({ path: '/api/echo', status: 401 })
    expect((await browser.call('/api/echo')).status).toBe(200)
    expect(granted(emulator, 'refresh_token')).toBe(1)
    expect((await browser.call('/api/echo')).status).toBe(200)
    expect(granted(emulator, 'refresh_token')).toBe(1)
    expect((await browser.call('/auth/logout', { method: 'POST' })).status).toBe(200)
    expect([...browser.jar.keys()]).toEqual([])
    expect((await browser.session()).signedIn).toBe(false)
    expect(bodies.join('\n')).not.toMatch(/eyJ[\w-]{8,}\.eyJ|access_token|refresh_token|client_secret/)
  })

  test('takes no cookie that was changed or exchanged, and nothing from other sites (S19, S58, S59)', async () => {
    const origin = await start()
    const browser = createVisitor(origin)
    await browser.signIn()
    const { csrfToken = '' } = await browser.session()
    const spoiled = browser.copy()
    const sealed = browser.jar.get('imskit-session') ?? ''
    spoiled.jar.set('imskit-session', `${sealed.slice(0, 200)}${sealed[200] === 'A' ? 'B' : 'A'}${sealed.slice(201)}`)
    expect((await spoiled.session()).signedIn).toBe(false)
    await spoiled.goToIms()
    const login = [...spoiled.jar].find(([name]) => name.startsWith('imskit-login-'))
    spoiled.jar.set('imskit-session', login?.[1] ?? '')
    expect((await spoiled.session()).signedIn).toBe(false)

    const form = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' }
    for (const path of ['/auth/logout', '/api/echo']) {
      expect((await browser.ask(path, { method: 'POST', body: 'a=b', headers: form })).status).toBe(403)
      const close = { 'x-csrf-token': csrfToken, 'sec-fetch-site': 'same-site' }
      expect((await browser.ask(path, { method: 'POST', headers: close })).status).toBe(403)
    }
    expect((await browser.ask('/api/echo')).status).toBe(403)
    expect((await browser.ask('/auth/login?returnTo=//evil.example')).status).toBe(400)
    const injected = await browser.ask('/auth/login?returnTo=/x%0d%0aset-cookie:%20a=b')
    expect([injected.status, injected.headers.getSetCookie()]).toEqual([400, []])
    expect((await browser.session()).signedIn).toBe(true)
  })

  test('sends no token to an address in the request line (S60)', async () => {
    const origin = await start()
    const browser = createVisitor(origin)
    await browser.signIn()
    const { csrfToken = '' } = await browser.session()
    const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { cookie, 'x-csrf-token': csrfToken }
    const before = emulator.requests.length
    for (const path of [
      '/api/..;/ims/profile/v1',
      '/api/..%2fims/profile/v1',
      '/api/%2e%2e/ims/profile/v1',
      '/api/../ims/profile/v1',
      '/api\\..\\ims/profile/v1',
      '/api//evil.example/',
      '//evil.example/api/echo',
      'http://evil.example/api/echo',
      'http://[::1]:9/ims/profile/v1',
      '/@evil.example/api/echo',
    ])
      await raw(origin, path, headers).catch(() => 0)
    // a request line may name a host (RFC 9112, section 3.2.2): the API that it reaches is still ours
    expect(emulator.requests.slice(before).filter(({ path }) => path !== '/api/echo')).toEqual([])
    expect(await raw(origin, '/api/echo', headers)).toBe(200)
  })
})
