import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page, Request } from 'playwright'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { getToken, logIn, open, useBrowser } from './browser.ts'
import { type Ims, startIms } from './ims.ts'
import { type Site, startSite } from './site.ts'

// what leaves a page, as the browser sends it; IMS is of the same site, so that its cookies could go along

const newContext = useBrowser()
let ims: Ims
let site: Site
let stranger: Server
let strangerOrigin: string
const strangers: string[] = []

beforeAll(async () => {
  ims = await startIms({ autoLogin: 'user@example.com', sameSite: true })
  site = await startSite(ims.config)
  stranger = createServer((request, response) => {
    strangers.push(`${request.method} ${request.url}`)
    response.writeHead(200, { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }).end('{}')
  }).listen(0, '127.0.0.1')
  await once(stranger, 'listening')
  strangerOrigin = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
})
afterAll(async () => {
  stranger.closeAllConnections()
  stranger.close()
  site.close()
  await ims.close()
})

const forced = (page: Page) => page.evaluate(() => window.outcome(window.app.client.getToken({ force: true })))
const toIms = (request: Request) => request.url().startsWith(ims.config.endpoint)

/** Signs in, renews and signs out, and tells what was asked for meanwhile. */
async function wholeSession(): Promise<{ page: Page; requests: Request[] }> {
  const context = await newContext()
  const requests: Request[] = []
  context.on('request', (request) => requests.push(request))
  const page = await open(context, `${site.origin}/`)
  await logIn(page, { returnTo: '/inbox' })
  expect(await forced(page)).toMatchObject({ ok: expect.any(String) })
  const address = await page.evaluate(
    async () => (await window.app.client.logout({ postLogoutRedirectUri: `${location.origin}/` })).href,
  )
  await page.goto(address)
  return { page, requests }
}

describe('a page', () => {
  test('asks IMS without preflights, without cookies and past every cache (S34)', async () => {
    const since = ims.requests.length
    const { page, requests } = await wholeSession()
    const calls = requests.filter((request) => toIms(request) && request.resourceType() === 'fetch')
    expect(calls.map((request) => new URL(request.url()).pathname)).toEqual([
      '/ims/token/v3',
      '/ims/token/v3',
      '/ims/revoke',
      '/ims/revoke',
    ])
    for (const call of calls) {
      const headers = await call.allHeaders()
      expect(headers).toMatchObject({ 'cache-control': 'no-cache', origin: site.origin })
      expect(headers.cookie).toBeUndefined()
    }
    const preflights = () => ims.requests.slice(since).filter(({ method }) => method === 'OPTIONS').length
    expect(preflights()).toBe(0)
    // both would have been seen: there was a cookie for the navigations, and a header of one’s own costs a preflight
    const visits = requests.filter((request) => toIms(request) && request.isNavigationRequest())
    expect((await visits.at(-1)?.allHeaders())?.cookie).toContain('=')
    await page.evaluate(
      (url) => fetch(url, { headers: { 'x-own': '1' } }).catch(() => {}),
      `${ims.config.endpoint}/ims/keys`,
    )
    expect(preflights()).toBe(1)
  })

  test('puts no token and no verifier into any address (S29)', async () => {
    const { requests } = await wholeSession()
    const posted = requests.map((request) => new URLSearchParams(request.postData() ?? ''))
    const secrets = posted.flatMap((sent) =>
      ['code_verifier', 'refresh_token', 'token'].flatMap((name) => sent.getAll(name)),
    )
    // the verifier, the redeemed refresh token, and both tokens that the logout invalidates
    expect(new Set(secrets).size).toBe(4)
    const addresses = requests.map((request) => decodeURIComponent(request.url())).join('\n')
    expect(secrets.filter((secret) => addresses.includes(secret))).toEqual([])
    // a code is in one address only: that of the page that it is for
    const codes = requests.filter((request) => new URL(request.url()).searchParams.has('code'))
    expect(codes.map((request) => request.url().split('?')[0])).toEqual([`${site.origin}/callback`])
  })

  test('asks for a code, to come back to the registered page; what the app wants back stays here (S9)', async () => {
    const page = await open(await newContext(), `${site.origin}/deep/place?user=alice#part`)
    const addresses = await page.evaluate(async () => {
      const { client } = window.app
      const wishes = [{ returnTo: '/inbox', appState: { cart: 'x'.repeat(5_000) } }, {}]
      const urls: string[] = []
      for (const wish of wishes) urls.push((await client.startLogin(wish)).href)
      return urls
    })
    const asked = addresses.map((address) => new URL(address).searchParams)
    for (const parameters of asked) {
      expect(Object.fromEntries(parameters)).toMatchObject({
        redirect_uri: `${site.origin}/callback`,
        response_type: 'code',
        code_challenge_method: 'S256',
        // 128 bits or more
        state: expect.stringMatching(/^[\w-]{22,64}$/),
      })
    }
    const [state, other] = asked.map((parameters) => parameters.get('state'))
    expect(state).not.toBe(other)
    expect(state?.length).toBe(other?.length)
    expect(addresses.join()).not.toMatch(/inbox|cart|xxx|deep|alice|part/)
  })
})

describe('the address that IMS answers at', () => {
  const withAnswer = /[?&](?:code|state)=/

  /** Signs in in `mode` on a site with the most talkative policy; resolves to every referrer that held an answer. */
  async function toldOf(mode: 'popup' | 'silent', platform: 'relay' | 'app'): Promise<string[]> {
    const talkative = await startSite(ims.config)
    onTestFinished(() => talkative.close())
    talkative.configure({
      headers: { 'referrer-policy': 'unsafe-url' },
      platform: platform === 'relay' ? { relayUri: `${talkative.origin}/relay` } : {},
    })
    const context = await newContext()
    const sent: string[] = []
    context.on('request', (request) => sent.push(request.headers().referer ?? ''))
    const page = await open(context, `${talkative.origin}/`)
    await logIn(page)
    await page.evaluate((mode) => {
      window.onButton = () => window.app.client.login({ mode })
    }, mode)
    sent.length = 0
    const before = talkative.referrers.length
    await page.getByRole('button').click()
    await page.waitForFunction(() => window.ended !== undefined)
    expect(await page.evaluate(() => window.ended)).toEqual({ ok: expect.any(String) })
    return [...sent, ...talkative.referrers.slice(before)].filter((referrer) => withAnswer.test(referrer))
  }

  test.each(['popup', 'silent'] as const)('is not in a referrer of the relay page of a %s login', async (mode) => {
    expect(await toldOf(mode, 'relay')).toEqual([])
    // the redirect page requests its own scripts under its own policy
    expect(await toldOf(mode, 'app')).not.toEqual([])
  })

  test('is not in a referrer of an app whose policy is no-referrer (S21)', async () => {
    const quiet = await startSite(ims.config)
    onTestFinished(() => quiet.close())
    quiet.configure({ headers: { 'referrer-policy': 'no-referrer' } })
    const page = await open(await newContext(), `${quiet.origin}/`)
    expect((await logIn(page))[0]).toMatchObject({
      ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } },
    })
    expect(quiet.referrers).toEqual([])
  })
})

describe('an answer of IMS that sends the request elsewhere', () => {
  const elsewhere = (path: string) => {
    const headers = { location: `${strangerOrigin}/taken` }
    onTestFinished(ims.fault({ path, status: 307, body: '', headers, times: 9 }))
  }

  test('is not followed, neither with a code, nor a refresh token, nor at the logout (S33)', async () => {
    const lenient = await startSite(ims.config)
    onTestFinished(() => lenient.close())
    // a policy that would let it through
    const policy = `default-src 'none'; script-src 'self'; connect-src ${ims.config.endpoint} ${strangerOrigin}`
    lenient.configure({ headers: { 'content-security-policy': policy } })
    const page = await open(await newContext(), `${lenient.origin}/`)
    await logIn(page)
    const token = await getToken(page)
    elsewhere('/ims/token')
    elsewhere('/ims/revoke')
    expect(await forced(page)).toMatchObject({ error: { code: 'IMS_UNAVAILABLE' } })
    expect(await getToken(page)).toEqual(token)
    expect((await logIn(page))[0]).toMatchObject({ error: { code: 'HTTP_ERROR' } })
    await page.evaluate(() => window.app.client.logout())
    expect(await getToken(page)).toMatchObject({ error: { code: 'LOGIN_REQUIRED' } })
    expect(strangers).toEqual([])
    // it would have been seen
    await page.evaluate((url) => fetch(url), `${strangerOrigin}/control`)
    expect(strangers).toEqual(['GET /control'])
  })
})

describe('a page whose fetch was replaced', () => {
  test('hands the browser’s own to the client (S63)', async () => {
    const page = await open(await newContext(), `${site.origin}/`)
    await logIn(page)
    const outcomes = await page.evaluate(async (endpoint) => {
      const { authorizationCode, browserPlatform, createClient } = window.imskit
      const own = globalThis.fetch
      const seen: string[] = []
      // as monitoring scripts do
      globalThis.fetch = (input, init) => {
        seen.push(String(input))
        const headers = new Headers(init?.headers)
        headers.set('x-trace', '1')
        return own(input, { ...init, headers })
      }
      const { clientId, scopes, issuers } = window.config
      const flow = authorizationCode({ clientId, scopes, redirectUri: `${location.origin}/callback` })
      const options = { flow, endpoint, issuers, retry: { retries: 0 }, ...browserPlatform() }
      const results: unknown[] = []
      for (const lent of [{ fetch: own }, {}]) {
        const client = createClient({ ...options, ...lent })
        results.push([await window.outcome(client.getToken({ force: true })), seen.length])
      }
      return results
    }, ims.config.endpoint)
    // a native fetch that is called as a method of something else would have been an "Illegal invocation"
    expect(outcomes).toEqual([
      [{ ok: expect.any(String) }, 0],
      [{ ok: expect.any(String) }, 1],
    ])
  })
})
