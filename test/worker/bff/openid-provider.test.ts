import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AuthHandlerOptions,
  authorizationCode,
  createAuthHandler,
  memoryStore,
  systemClock,
} from '../../../src/adapters/worker/index.ts'
import {
  browse,
  confidentialClient,
  type OpenIdProvider,
  publicClient,
  startOpenIdProvider,
} from '../../kit/oidc-op.ts'
import { createVisitor, type Send } from '../visitor.ts'

// a certified OpenID Connect server of another vendor: refresh tokens rotate, and if one is redeemed twice, the grant is revoked

const origin = 'http://127.0.0.1:5566'
const redirectUri = `${origin}/callback`
let op: OpenIdProvider

beforeAll(async () => {
  op = await startOpenIdProvider()
})
afterAll(() => op.close())

function createSite(options: Partial<AuthHandlerOptions> & { secret?: boolean } = {}) {
  const { secret = true, ...rest } = options
  let ahead = 0
  const flow = authorizationCode({
    ...(secret
      ? { clientId: confidentialClient.id, clientSecret: confidentialClient.secret }
      : { clientId: publicClient }),
    scopes: ['openid', 'email', 'offline_access'],
    redirectUri,
  })
  const auth = createAuthHandler({
    flow,
    sessionSecret: 'a secret of the tests with more than 32 bytes',
    endpoint: op.issuer,
    issuers: [op.issuer],
    insecure: true,
    clock: { ...systemClock, now: () => Date.now() + ahead },
    ...rest,
  })
  const send: Send = (url, init) => auth(new Request(url, init))
  return {
    auth,
    visitor: () => createVisitor(origin, send),
    pass(ms: number) {
      ahead += ms
    },
  }
}

type Person = ReturnType<typeof createVisitor>

async function signIn(browser: Person, login: string): Promise<Response> {
  const begun = await browser.ask('/auth/login?returnTo=/inbox')
  return browser.comeBack(await browse(begun.headers.get('location') ?? '', redirectUri, login))
}

describe('at oidc-provider', () => {
  test.each([
    ['with a secret, tokens in the cookie', () => ({})],
    ['without one, tokens in the cookie', () => ({ secret: false })],
    ['with a secret, tokens in a store', () => ({ store: memoryStore() })],
  ])('%s: a user signs in, continues after the token has expired, and signs out', async (_, options) => {
    const site = createSite(options())
    const browser = site.visitor()
    const done = await signIn(browser, 'alice')
    expect([done.status, done.headers.get('location')]).toEqual([302, '/inbox'])
    expect((await browser.session()).user).toMatchObject({ sub: 'alice' })
    for (let round = 0; round < 3; round++) {
      site.pass(300_000)
      const tabs = [browser, browser.copy(), browser.copy()]
      const before = op.grants.filter((grant) => grant === 'refresh_token').length
      const told = await Promise.all(tabs.map((tab) => tab.session()))
      expect(told.map(({ signedIn }) => signedIn)).toEqual([true, true, true])
      expect(op.grants.filter((grant) => grant === 'refresh_token').length - before).toBe(1)
    }
    expect(op.events).not.toContain('grant.error')
    expect((await browser.call('/auth/logout', { method: 'POST' })).status).toBe(200)
    expect((await browser.session()).signedIn).toBe(false)
    expect(op.events).not.toContain('server_error')
  })

  test('two users have two sessions', async () => {
    const site = createSite({ store: memoryStore() })
    const [alice, bob] = [site.visitor(), site.visitor()]
    await signIn(alice, 'alice')
    await signIn(bob, 'bob')
    expect((await alice.session()).user?.sub).toBe('alice')
    expect((await bob.session()).user?.sub).toBe('bob')
    const { csrfToken = '' } = await bob.session()
    const crossed = await alice.ask('/auth/logout', { method: 'POST', headers: { 'x-csrf-token': csrfToken } })
    expect(crossed.status).toBe(403)
  })
})

test('in Hono it is two routes, and the session is there for the rest', async () => {
  const { auth } = createSite()
  const app = new Hono()
  app.all('/auth/*', (c) => auth(c.req.raw))
  app.get('/callback', (c) => auth(c.req.raw))
  app.get('/', async (c) => {
    const session = await auth.getSession(c.req.raw)
    return session === undefined ? c.text('nobody', 401) : session.apply(c.text(`hello ${session.user?.sub}`))
  })
  const browser = createVisitor(origin, async (url, init) => app.fetch(new Request(url, init)))
  expect((await browser.ask('/')).status).toBe(401)
  await signIn(browser, 'carol')
  expect(await (await browser.ask('/')).text()).toBe('hello carol')
})
