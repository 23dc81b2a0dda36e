import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { BrowserContext, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ImsError, Vault } from '../../../src/adapters/browser/index.ts'
import { useBrowser } from '../browser.ts'
import { type Ims, startIms } from '../ims.ts'
import { heapOf, partOf, tokensIssued } from '../memory.ts'
import { type Site, startSite } from '../site.ts'

// tokens in a worker (OAuth 2.0 for Browser-Based Applications, section 8), under the same strict policy as
// every other page; only making the worker takes a policy of the page's own

const newContext = useBrowser()
let ims: Ims
let site: Site
let api: Server
let apiOrigin: string
let finishSlow: () => void = () => {}
const calls: { path: string; method: string; headers: IncomingHttpHeaders; body: string }[] = []
let cut = 0
let refusals = 0

beforeAll(async () => {
  api = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request
    response.setHeader('access-control-allow-origin', headers.origin ?? '*')
    response.setHeader('access-control-allow-headers', 'authorization, x-api-key, content-type, x-own')
    response.setHeader('access-control-allow-methods', 'GET, PUT')
    response.setHeader('access-control-expose-headers', 'x-answer')
    if (method === 'OPTIONS') return response.writeHead(204).end()
    calls.push({ path, method, headers, body: await text(request) })
    if (refusals > 0) return response.writeHead(401, { 'x-left': --refusals }).end()
    if (path === '/moved') return response.writeHead(302, { location: '/things' }).end()
    if (path === '/nothing') return response.writeHead(204).end()
    if (path === '/never') return response.on('close', () => cut++)
    if (path !== '/slow') return response.writeHead(201, { 'x-answer': 'yes' }).end('{"answer":42}')
    response.writeHead(200, { 'content-type': 'text/plain' }).write('first')
    finishSlow = () => response.end(' last')
  }).listen(0, '127.0.0.1')
  await once(api, 'listening')
  apiOrigin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
  ims = await startIms({ autoLogin: 'user@example.com', sameSite: true })
  const client = { allowedOrigins: [apiOrigin] }
  site = await startSite({ ...ims.config, client }, { app: 'vault-page', policy: { 'trusted-types': 'vault' } })
})
afterAll(async () => {
  api.closeAllConnections()
  api.close()
  site.close()
  await ims.close()
})
afterEach(() => expect(site.violations).toEqual([]))

declare global {
  interface Window {
    vault: Vault
    work: Promise<unknown>
  }
}

/** A page with a vault of its own, or one that it shares. */
async function openPage(context: BrowserContext, kind: 'own' | 'shared' = 'own'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${site.origin}/`)
  await page.waitForFunction(() => window.openVault !== undefined)
  await page.evaluate((kind) => {
    window.vault = window.openVault(undefined, kind)
  }, kind)
  return page
}

/** Signs in as a user does, with a click. */
async function signIn(page: Page): Promise<unknown> {
  await page.evaluate(() => {
    document.querySelector('button')?.addEventListener('click', () => {
      window.work = window.vault.login()
    })
  })
  await Promise.all([page.context().waitForEvent('page'), page.getByRole('button').click()])
  return page.evaluate(() => window.work)
}

const newSession = async () => {
  const page = await openPage(await newContext())
  await signIn(page)
  return page
}

/** The error that `work` in the page ends with. */
const failure = (page: Page, work: () => Promise<unknown>) =>
  page.evaluate(`(${failed})(${work}, window.imskit)`) as Promise<Record<string, unknown>>

async function failed(work: () => Promise<unknown>, imskit: typeof import('../../../src/adapters/browser/index.ts')) {
  try {
    await work()
    return {}
  } catch (error) {
    const { name, code, message, cause } = error as ImsError
    const { name: causeName, imsError } = (cause ?? {}) as { name?: string; imsError?: string }
    const ofItsClass = error instanceof imskit.LoginRequiredError || error instanceof imskit.ConfigurationError
    return { name, code, message, ofItsClass, causeName, imsError }
  }
}

describe('a vault', () => {
  test('signs in by popup and tells what is known of the sign-in', async () => {
    const page = await openPage(await newContext())
    expect(await signIn(page)).toEqual({
      expiresAt: expect.any(Number),
      scopes: ims.config.scopes,
      missingScopes: [],
      claims: expect.objectContaining({ aud: ims.config.clientId }),
    })
    expect(await page.evaluate(() => window.vault.getSession())).toMatchObject({ scopes: ims.config.scopes })
    expect(page.url()).toBe(`${site.origin}/`)
  })

  test('calls an API with the token, and hands the answer over as fetch gives it', async () => {
    const page = await newSession()
    const answer = await page.evaluate(async (url) => {
      const response = await window.vault.fetch(url, {
        method: 'PUT',
        headers: { 'x-own': 'mine', 'content-type': 'text/plain' },
        body: 'sent',
      })
      const { status, ok, url: at } = response
      return { status, ok, at, header: response.headers.get('x-answer'), body: await response.json() }
    }, `${apiOrigin}/things?a=1`)
    expect(answer).toEqual({
      status: 201,
      ok: true,
      at: `${apiOrigin}/things?a=1`,
      header: 'yes',
      body: { answer: 42 },
    })
    expect(calls.at(-1)).toMatchObject({
      method: 'PUT',
      body: 'sent',
      headers: {
        authorization: expect.stringMatching(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/),
        'x-api-key': ims.config.clientId,
        'x-own': 'mine',
        'content-type': 'text/plain',
      },
    })
    expect(await page.evaluate(async (url) => (await window.vault.fetch(url)).text(), `${apiOrigin}/nothing`)).toBe('')
  })

  test('treats redirects as fetch does', async () => {
    const page = await newSession()
    const call = (path: string, redirect: RequestRedirect) =>
      page.evaluate(
        async ({ to, redirect }) => {
          const { status, type, redirected, url } = await window.vault.fetch(to, { redirect })
          return { status, type, redirected, url }
        },
        { to: `${apiOrigin}${path}`, redirect },
      )
    const followed = { status: 201, type: 'cors', redirected: true, url: `${apiOrigin}/things` }
    expect(await call('/moved', 'follow')).toEqual(followed)
    expect(calls.slice(-2).map(({ headers }) => headers.authorization)).toEqual([
      expect.stringMatching(/^Bearer /),
      expect.stringMatching(/^Bearer /),
    ])
    expect(await call('/moved', 'manual')).toMatchObject({ status: 0, type: 'opaqueredirect', redirected: false })
    expect(calls.at(-1)?.path).toBe('/moved')
    expect(await failure(page, () => window.vault.fetch('about:blank', { redirect: 'error' }))).toMatchObject({
      code: 'BAD_OPTION',
    })
    expect(await call('/moved', 'error').catch((error: Error) => error.message)).toMatch(/TypeError/)
  })

  test('returns the start of a response before its end has arrived', async () => {
    const page = await newSession()
    const first = await page.evaluate(async (url) => {
      const reader = (await window.vault.fetch(url)).body?.pipeThrough(new TextDecoderStream()).getReader()
      Object.assign(window, { reader })
      return (await reader?.read())?.value
    }, `${apiOrigin}/slow`)
    expect(first).toBe('first')
    finishSlow()
    const rest = page.evaluate(async () => {
      const { reader } = window as unknown as { reader: ReadableStreamDefaultReader<string> }
      return (await reader.read()).value
    })
    expect(await rest).toBe(' last')
  })

  test('gives no token to script in the page, and stores none (S53)', async () => {
    const context = await newContext()
    const secrets = await tokensIssued(context)
    const page = await openPage(context)
    await signIn(page)
    await page.evaluate(async (url) => {
      for (let round = 0; round < 2; round++) await window.vault.getSession({ force: true })
      await window.vault.fetch(url)
      await window.vault.fetch('https://evil.example/').catch(() => {})
    }, `${apiOrigin}/things`)
    const heap = await heapOf(page)
    const inPage = await page.evaluate(async () =>
      JSON.stringify([
        window.crossed,
        { ...localStorage },
        { ...sessionStorage },
        document.cookie,
        await indexedDB.databases(),
        await caches.keys(),
        document.documentElement.outerHTML,
        history.state,
        performance.getEntriesByType('resource').map(({ name }) => name),
      ]),
    )
    // of the login and of two renewals
    expect(secrets.length).toBe(9)
    expect(calls.at(-1)?.headers.authorization).toBe(`Bearer ${secrets[6]}`)
    const parts = secrets.filter(Boolean).map(partOf)
    expect(inPage).toContain('missingScopes')
    expect(heap).toContain('missingScopes')
    expect(parts.filter((part) => inPage.includes(part) || heap.includes(part))).toEqual([])
    expect(JSON.parse(inPage).slice(1, 6)).toEqual([{}, {}, '', [], []])
  })

  test('sends its token to allowed origins only (S54)', async () => {
    const page = await newSession()
    const before = ims.requests.length
    const stranger = `${ims.config.endpoint}/collect`
    expect(await page.evaluate((url) => window.vault.fetch(url).catch(({ code }) => code), stranger)).toBe('BAD_OPTION')
    expect(ims.requests.length).toBe(before)
  })

  test('renews for a call that an API refuses', async () => {
    const page = await newSession()
    const before = ims.granted('refresh_token')
    refusals = 1
    expect(await page.evaluate(async (url) => (await window.vault.fetch(url)).status, `${apiOrigin}/things`)).toBe(201)
    expect(ims.granted('refresh_token')).toBe(before + 1)
  })

  test('signs out at IMS and in itself', async () => {
    const page = await newSession()
    const events = page.evaluate(
      () => new Promise<string>((resolve) => window.vault.on('logout', () => resolve('heard'))),
    )
    const since = ims.requests.length
    const address = await page.evaluate(
      async () => (await window.vault.logout({ postLogoutRedirectUri: `${location.origin}/` })).href,
    )
    expect(new URL(address).pathname).toBe('/ims/logout/v1')
    expect(ims.requests.slice(since).map(({ path }) => path)).toEqual(['/ims/revoke', '/ims/revoke'])
    expect(await events).toBe('heard')
    expect(await failure(page, () => window.vault.getSession())).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  test('forgets the tokens when its page is closed, and signs in again silently if there is an IMS session', async () => {
    const page = await newSession()
    await page.reload()
    await page.waitForFunction(() => window.openVault !== undefined)
    await page.evaluate(() => {
      window.vault = window.openVault()
    })
    expect(await failure(page, () => window.vault.getSession())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(await page.evaluate(() => window.vault.login({ mode: 'silent' }))).toMatchObject({ missingScopes: [] })
    expect(await page.evaluate(() => document.querySelector('iframe'))).toBeNull()
  })

  test('says what failed as the class that it is, with its cause', async () => {
    const stranger = await startIms({
      clients: [{ clientId: 'emulator-public', redirectUris: [/.*/], consent: false }],
    })
    const other = await startSite(stranger.config, { app: 'vault-page', policy: { 'trusted-types': 'vault' } })
    try {
      const page = await (await newContext()).newPage()
      await page.goto(`${other.origin}/`)
      await page.waitForFunction(() => window.openVault !== undefined)
      await page.evaluate(() => {
        window.vault = window.openVault()
      })
      expect(await failure(page, () => window.vault.login({ mode: 'silent' }))).toEqual({
        name: 'LoginRequiredError',
        code: 'LOGIN_REQUIRED',
        message: expect.stringContaining('call login()'),
        ofItsClass: true,
        causeName: 'ImsResponseError',
        imsError: 'login_required',
      })
    } finally {
      other.close()
      await stranger.close()
    }
  })

  test('ends a call with its signal, also on the way to the API', async () => {
    const page = await newSession()
    const before = cut
    const ended = page.evaluate(
      (url) => window.vault.fetch(url, { signal: AbortSignal.timeout(500) }).catch(({ name }) => name),
      `${apiOrigin}/never`,
    )
    expect(await ended).toBe('TimeoutError')
    await expect.poll(() => cut).toBe(before + 1)
  })

  test('that is closed rejects what it is asked', async () => {
    const page = await newSession()
    await page.evaluate((url) => {
      window.work = window.vault.fetch(url).catch(({ name }) => name)
    }, `${apiOrigin}/never`)
    await expect.poll(() => calls.at(-1)?.path).toBe('/never')
    expect(
      await page.evaluate(async () => {
        window.vault.close()
        return [await window.work, await window.vault.getSession().catch(({ name }) => name)]
      }),
    ).toEqual(['AbortError', 'AbortError'])
  })

  test.each(['/no-such-script.js', '/app.js'])('that does not run rejects with an explanation: %s', async (script) => {
    const page = await (await newContext()).newPage()
    await page.goto(`${site.origin}/`)
    await page.waitForFunction(() => window.openVault !== undefined)
    const code = page.evaluate(
      (script) =>
        window
          .openVault(script)
          .getSession()
          .catch((error: ImsError) => error.code),
      script,
    )
    expect(await code).toBe('NETWORK_FAILED')
  })
})

describe('a vault in a shared worker', () => {
  test('is one sign-in, one renewal and one sign-out for all tabs', async () => {
    const context = await newContext()
    const [one, other] = [await openPage(context, 'shared'), await openPage(context, 'shared')]
    const before = ims.granted('authorization_code')
    await signIn(one)
    expect(await other.evaluate(() => window.vault.getSession())).toMatchObject({ missingScopes: [] })
    const renewals = ims.granted('refresh_token')
    await Promise.all([one, other].map((page) => page.evaluate(() => window.vault.getSession({ force: true }))))
    expect(ims.granted('authorization_code')).toBe(before + 1)
    expect(ims.granted('refresh_token')).toBe(renewals + 1)
    // the tab that signed in may go
    await one.close()
    const heard = other.evaluate(
      () => new Promise<string>((resolve) => window.vault.on('logout', () => resolve('heard'))),
    )
    await other.evaluate(() => window.vault.logout())
    expect(await heard).toBe('heard')
    expect(await failure(other, () => window.vault.getSession())).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })
})
