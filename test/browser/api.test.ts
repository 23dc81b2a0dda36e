import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Api, startApi } from './api.ts'
import { logIn, open, useBrowser } from './browser.ts'
import { type Ims, startIms } from './ims.ts'
import { type Site, startSite } from './site.ts'

const newContext = useBrowser()
let ims: Ims
let api: Api
let stranger: Api
let site: Site

beforeAll(async () => {
  ims = await startIms({ autoLogin: 'user@example.com', opaqueTokens: true })
  api = await startApi()
  stranger = await startApi()
  site = await startSite({ ...ims.config, client: { allowedOrigins: [api.origin] } })
  // its policy lets the page call the stranger: what keeps the token from it is not that
  const connect = [ims.config.endpoint, api.origin, stranger.origin].join(' ')
  site.configure({
    headers: { 'content-security-policy': `default-src 'none'; script-src 'self'; connect-src ${connect}` },
  })
})
afterAll(async () => {
  for (const each of [api, stranger, site]) each.close()
  await ims.close()
})
let refreshes = 0
beforeEach(() => {
  api.requests.length = 0
  stranger.requests.length = 0
  api.elsewhere = undefined
  api.status = 200
  for (const each of [api, stranger]) each.refuses = () => false
  stranger.allowed = api.allowed
  refreshes = ims.granted('refresh_token')
})
afterEach(() => expect(site.violations).toEqual([]))

const signedIn = async () => {
  const page = await open(await newContext(), `${site.origin}/`)
  await logIn(page)
  return page
}

test('an API on a third origin gets the token and the client id, after a preflight', async () => {
  const page = await signedIn()
  const answer = await page.evaluate(async (url) => {
    const response = await window.app.client.fetch(url, { method: 'POST', body: '{}' })
    return [response.status, await response.json(), await window.app.client.getToken()]
  }, `${api.origin}/things`)
  const [preflight, call] = api.requests
  expect(answer.slice(0, 2)).toEqual([200, { answer: 42 }])
  expect(preflight?.method).toBe('OPTIONS')
  expect(preflight?.headers['access-control-request-headers']).toBe('authorization,x-api-key')
  expect(call?.headers).toMatchObject({
    origin: site.origin,
    authorization: `Bearer ${answer[2]}`,
    'x-api-key': ims.config.clientId,
  })
  // cookies of the API are none of our business
  expect(call?.headers.cookie).toBeUndefined()
})

test('a token that the API refuses is renewed once, for all requests that were refused', async () => {
  const page = await signedIn()
  const refused = await page.evaluate(() => window.app.client.getToken())
  api.refuses = (token) => token === refused
  const statuses = await page.evaluate(
    (url) => Promise.all([1, 2, 3, 4].map(async () => (await window.app.client.fetch(url)).status)),
    `${api.origin}/things`,
  )
  expect(statuses).toEqual([200, 200, 200, 200])
  expect(ims.granted('refresh_token')).toBe(refreshes + 1)
})

test('an API that refuses every token is believed after one more try (S89)', async () => {
  const page = await signedIn()
  api.refuses = () => true
  const status = await page.evaluate(async (url) => (await window.app.client.fetch(url)).status, `${api.origin}/things`)
  expect(status).toBe(401)
  expect(api.requests.filter(({ method }) => method === 'GET')).toHaveLength(2)
})

test('no other origin is sent anything, and no token is taken for it (S88)', async () => {
  const page = await open(await newContext(), `${site.origin}/`)
  const outcome = await page.evaluate(
    (url) => window.outcome(window.app.client.fetch(url)),
    `${stranger.origin}/things`,
  )
  expect(outcome).toMatchObject({ error: { code: 'BAD_OPTION', message: expect.stringContaining(stranger.origin) } })
  expect(stranger.requests).toEqual([])
  expect(await page.evaluate(() => window.app.events.length)).toBe(0)
})

test('an API that sends a call on to another origin gets no token (S88)', async () => {
  const page = await signedIn()
  api.elsewhere = `${stranger.origin}/taken`
  const status = await page.evaluate(async (url) => (await window.app.client.fetch(url)).status, `${api.origin}/things`)
  expect(status).toBe(200)
  const [call] = stranger.requests.filter(({ method }) => method === 'GET')
  expect(call?.headers.origin).toBe('null')
  expect(call?.headers.authorization).toBeUndefined()
  // the rest is up to the other origin: without its consent to these headers nothing would have been sent
  const leaves = ['cookie', 'proxy-authorization', 'x-api-key', 'x-gw-ims-org-id']
  expect(leaves.filter((name) => call?.headers[name] !== undefined)).toEqual(['x-api-key'])
  expect(call?.headers.referer).toBe(`${site.origin}/`)
})

test('an origin that does not allow the headers is sent no call that an API redirects to it', async () => {
  const page = await signedIn()
  api.elsewhere = `${stranger.origin}/taken`
  stranger.allowed = ''
  const name = await page.evaluate(
    (url) => window.app.client.fetch(url).catch((error) => error.name),
    `${api.origin}/things`,
  )
  expect(name).toBe('TypeError')
  expect(stranger.requests.filter(({ method }) => method === 'GET')).toEqual([])
})

test('a 401 of an origin that a call was sent on to renews nothing', async () => {
  const page = await signedIn()
  api.elsewhere = `${stranger.origin}/taken`
  stranger.refuses = () => true
  const status = await page.evaluate(async (url) => (await window.app.client.fetch(url)).status, `${api.origin}/things`)
  expect([status, ims.granted('refresh_token')]).toEqual([401, refreshes])
})

test('an API that finds the scope too narrow is believed at once', async () => {
  const page = await signedIn()
  api.status = 403
  const status = await page.evaluate(async (url) => (await window.app.client.fetch(url)).status, `${api.origin}/things`)
  expect(status).toBe(403)
  expect(api.requests.filter(({ method }) => method === 'GET')).toHaveLength(1)
  expect(ims.granted('refresh_token')).toBe(refreshes)
})
