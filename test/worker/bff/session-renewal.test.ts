import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type AuthHandler,
  type AuthHandlerOptions,
  type AuthSession,
  authorizationCode,
  createAuthHandler,
  memoryStore,
  type Store,
  systemClock,
} from '../../../src/adapters/worker/index.ts'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { gate } from '../../core/setting.ts'
import { createVisitor, type Visitor } from '../visitor.ts'
import { origin, secret } from './setting.ts'

// sessions whose refresh token can be redeemed once, on a site with several servers

const day = 24 * 3_600_000
const clientSecret = 'p8e-client-secret-of-the-site'

type Make = typeof createAuthHandler

async function startSite(options: Partial<AuthHandlerOptions> = {}) {
  let ahead = 0
  const now = () => Date.now() + ahead
  const client = { clientId: 'site', clientSecrets: [clientSecret], redirectUris: [`${origin}/auth/callback`] }
  const ims = await startEmulator({ autoLogin: 'user@example.com', clients: [client], now })
  onTestFinished(() => ims.close())
  const make = (create: Make = createAuthHandler, more: Partial<AuthHandlerOptions> = {}): AuthHandler =>
    create({
      flow: authorizationCode({ clientId: 'site', clientSecret, scopes: ['openid', 'offline_access'] }),
      sessionSecret: secret,
      origin,
      endpoint: ims.url,
      clock: { ...systemClock, now },
      retry: { retries: 0 },
      ...options,
      ...more,
    })
  const auth = make()
  return {
    ims,
    auth,
    make,
    visitor: () => createVisitor(origin, (url, init) => auth(new Request(url, init))),
    pass(ms: number) {
      ahead += ms
    },
  }
}

const requestOf = (browser: Visitor) =>
  new Request(`${origin}/page`, {
    headers: { cookie: [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ') },
  })

/** Another isolate: it shares no memory with this one. */
function elsewhere(): void {
  const place = Symbol.for('imskit.worker.sessions.1')
  Reflect.deleteProperty(globalThis, place)
}

const refreshes = ({ requests }: RunningEmulator) =>
  requests.filter(({ params }) => params.grant_type === 'refresh_token').map(({ status }) => status)

const stores: [string, () => Store | undefined][] = [
  ['in the cookie', () => undefined],
  ['in a store', () => memoryStore()],
]

const sessionCookie = '__Host-Http-imskit-session'
/** Which cookies are set; a long one comes in parts. */
const namesOf = (lines: readonly string[] = []) => [...new Set(lines.map((line) => /[\w-]+/.exec(line)?.[0]))]

describe.each(stores)('a session with its tokens %s', (where, makeStore) => {
  const site = () => {
    const store = makeStore()
    return startSite(store === undefined ? {} : { store })
  }

  test('is renewed when it is requested, if that is due', async () => {
    const { ims, auth, visitor, pass } = await site()
    const browser = visitor()
    await browser.signIn()
    await auth.getSession(requestOf(browser))
    expect(refreshes(ims)).toEqual([])
    pass(day)
    const session = await auth.getSession(requestOf(browser))
    expect(refreshes(ims)).toEqual([200])
    expect(namesOf(await session?.cookies())).toEqual(where === 'in the cookie' ? [sessionCookie] : [])
    // what was renewed before is there after
    expect(await session?.getToken()).toBe(await session?.getToken())
    expect(refreshes(ims)).toEqual([200])
  })

  test('that is read-only returns what is valid and redeems nothing', async () => {
    const { ims, auth, visitor, pass } = await site()
    const browser = visitor()
    await browser.signIn()
    pass(day - 60_000)
    const due = await auth.getSession(requestOf(browser), { readOnly: true })
    expect((await due?.getToken())?.split('.')).toHaveLength(3)
    pass(60_000)
    const late = await auth.getSession(requestOf(browser), { readOnly: true })
    const failure = { name: 'UnavailableError', code: 'SESSION_READ_ONLY' }
    await expect(late?.getToken()).rejects.toMatchObject(failure)
    await expect(late?.fetch(`${ims.url}/api/echo`)).rejects.toMatchObject({ code: 'BAD_OPTION' })
    expect(await late?.cookies()).toEqual([])
    expect(refreshes(ims)).toEqual([])
    // nothing was lost: a request that can set cookies renews it
    const session = await auth.getSession(requestOf(browser))
    expect((await session?.getToken())?.split('.')).toHaveLength(3)
    expect(refreshes(ims)).toEqual([200])
  })
})

test.each([
  ['cookies()', (session: AuthSession) => session.cookies()],
  ['apply()', (session: AuthSession) => session.apply(new Response())],
])('a session in cookies redeems nothing after %s', async (_, close) => {
  const { ims, auth, visitor, pass } = await startSite()
  const browser = visitor()
  await browser.signIn()
  const session = (await auth.getSession(requestOf(browser))) as AuthSession
  await close(session)
  const token = await session.getToken()
  pass(day - 60_000)
  expect(await session.getToken()).toBe(token)
  pass(60_000)
  await expect(session.getToken()).rejects.toMatchObject({ code: 'SESSION_READ_ONLY' })
  await expect(session.getToken({ force: true })).rejects.toMatchObject({ code: 'SESSION_READ_ONLY' })
  expect(refreshes(ims)).toEqual([])
})

test('cookies() waits for a renewal in progress', async () => {
  const [arrived, released] = [gate(), gate()]
  let holding = false
  const { ims, auth, visitor, pass } = await startSite({
    async fetch(url, init) {
      const answer = await fetch(url, init)
      if (!holding) return answer
      arrived.open()
      await released.opened
      return answer
    },
  })
  const browser = visitor()
  await browser.signIn()
  const session = (await auth.getSession(requestOf(browser))) as AuthSession
  pass(day)
  holding = true
  const token = session.getToken()
  await arrived.opened
  const lines = session.cookies()
  released.open()
  expect(namesOf(await lines)).toEqual([sessionCookie])
  expect((await token).split('.')).toHaveLength(3)
  expect(refreshes(ims)).toEqual([200])
})

test('a session with its tokens in a store is renewed after cookies() too', async () => {
  const { ims, auth, visitor, pass } = await startSite({ store: memoryStore() })
  const browser = visitor()
  await browser.signIn()
  const session = (await auth.getSession(requestOf(browser))) as AuthSession
  await session.cookies()
  pass(day)
  expect((await session.getToken()).split('.')).toHaveLength(3)
  expect(refreshes(ims)).toEqual([200])
})

describe('a cookie from before the last renewal', () => {
  test('has the tokens of that renewal for a while, and redeems nothing after it', async () => {
    const { ims, visitor, pass } = await startSite()
    const browser = visitor()
    await browser.signIn()
    const late = browser.copy()
    pass(day)
    expect((await browser.session()).signedIn).toBe(true)
    const soon = late.copy()
    pass(300_000)
    expect((await soon.session()).signedIn).toBe(true)
    pass(600_000)
    const answer = await late.ask('/auth/session')
    expect([answer.status, answer.headers.get('retry-after'), answer.headers.getSetCookie()]).toEqual([503, '1', []])
    // the newest cookie still works
    expect((await browser.session()).signedIn).toBe(true)
    expect(refreshes(ims)).toEqual([200])
    // a browser that has no other signs in again
    pass(10_000)
    expect(await late.session()).toEqual({ signedIn: false })
    expect((await browser.session()).signedIn).toBe(true)
    expect(refreshes(ims)).toEqual([200])
  })

  test('is refused by IMS once, from an isolate that knows nothing of the renewal', async () => {
    const { ims, visitor, pass, auth } = await startSite()
    const browser = visitor()
    await browser.signIn()
    const late = browser.copy()
    pass(day - 60_000)
    expect((await browser.session()).signedIn).toBe(true)
    elsewhere()
    // the access token is valid for another minute: neither the session nor the cookie ends
    const tokens = new Set<string | undefined>()
    for (let time = 0; time < 3; time++) {
      const session = await auth.getSession(requestOf(late))
      tokens.add(await session?.getToken())
      expect(await session?.cookies()).toEqual([])
      expect((await late.session()).signedIn).toBe(true)
    }
    expect(tokens.size).toBe(1)
    expect(refreshes(ims)).toEqual([200, 400])
  })

  test('may be used again if IMS returns the same refresh token', async () => {
    const { ims, visitor, pass } = await startSite({
      async fetch(url, init) {
        const answer = await fetch(url, init)
        const sent = new URLSearchParams(String(init.body ?? ''))
        if (sent.get('grant_type') !== 'refresh_token' || !answer.ok) return answer
        const { refresh_token: _, ...same } = (await answer.json()) as { [name: string]: unknown }
        return Response.json(same)
      },
    })
    const browser = visitor()
    await browser.signIn()
    const late = browser.copy()
    pass(day)
    expect((await browser.session()).signedIn).toBe(true)
    pass(700_000)
    // the emulator takes each refresh token once; that it is asked is what counts
    await late.ask('/auth/session')
    expect(refreshes(ims)).toHaveLength(2)
  })
})

describe('two copies of the module in one process', () => {
  /** The worker's entry, bundled as a framework does it: with state of its own. */
  async function copyOfModule(): Promise<Make> {
    const { outputFiles } = await build({
      entryPoints: [join(import.meta.dirname, '../../../src/adapters/worker/index.ts')],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      splitting: false,
    })
    const text = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')
    const module = (await import(`data:text/javascript;base64,${text}`)) as { createAuthHandler: Make }
    return module.createAuthHandler
  }

  test.each(stores)('renew a session once, with its tokens %s', async (_, makeStore) => {
    const store = makeStore()
    const { ims, auth, make, visitor, pass } = await startSite(store === undefined ? {} : { store })
    const other = make(await copyOfModule())
    const browser = visitor()
    await browser.signIn()
    pass(day)
    const handlers = [auth, other, auth, other]
    const sessions = await Promise.all(handlers.map((each) => each.getSession(requestOf(browser))))
    const tokens = await Promise.all(sessions.map((session) => session?.getToken()))
    expect(new Set(tokens).size).toBe(1)
    expect(refreshes(ims)).toEqual([200])
    // one after the other as well, with the cookie from before
    expect(await (await other.getSession(requestOf(browser)))?.getToken()).toBe(tokens[0])
    expect(refreshes(ims)).toEqual([200])
  })

  test('know which sessions have ended', async () => {
    const { make, visitor } = await startSite()
    const other = make(await copyOfModule())
    const browser = visitor()
    await browser.signIn()
    const kept = browser.copy()
    await browser.call('/auth/logout', { method: 'POST' })
    expect(await other.getSession(requestOf(kept))).toBeUndefined()
  })

  test('share nothing if their secrets differ, and keep no secret', async () => {
    const { auth, make, visitor, pass } = await startSite()
    const other = make(await copyOfModule(), { sessionSecret: `another ${secret}` })
    const browser = visitor()
    await browser.signIn()
    pass(day)
    const token = await (await auth.getSession(requestOf(browser)))?.getToken()
    expect(token).toBeDefined()
    expect(await other.getSession(requestOf(browser))).toBeUndefined()
    const shared = Reflect.get(globalThis, Symbol.for('imskit.worker.sessions.1')) as Map<string, unknown>
    for (const name of shared.keys()) expect(name).not.toContain(secret)
  })
})
