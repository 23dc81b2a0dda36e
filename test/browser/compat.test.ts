import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { useBrowser } from './browser.ts'
import { type Ims, startIms } from './ims.ts'

const newContext = useBrowser()
let ims: Ims
let server: Server
let origin: string

beforeAll(async () => {
  ims = await startIms({ autoLogin: 'user@example.com' })
  const { endpoint, clientId, issuers } = ims.config
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'fixtures/compat.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
  })
  const first = { client_id: clientId, scope: 'openid,AdobeID,offline_access', endpoint }
  const config = {
    options: { issuers },
    contexts: { first, second: { ...first, scope: 'openid,AdobeID' } },
  }
  const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>app</title><link rel="icon" href="data:,">
<meta name="config" content="${JSON.stringify(config).replaceAll('"', '&quot;')}">
<script type="module" src="/app.js"></script></head><body><button>Sign in</button></body></html>`
  server = createServer((request, response) => {
    const script = request.url === '/app.js'
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(script ? outputFiles[0]?.text : page)
  }).listen(0, 'localhost')
  await once(server, 'listening')
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await ims.close()
})

const ready = (page: Page) => page.waitForFunction(() => window.compat !== undefined)

async function open(context: BrowserContext, path = '/'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(origin + path)
  await ready(page)
  return page
}

async function signIn(page: Page, name: string, options = {}): Promise<void> {
  const asked = [name, options] as const
  await page.evaluate(([context, wish]) => void window.compat.ims.login(context, wish).catch(() => {}), asked)
  await page.waitForURL('**/callback*')
  await ready(page)
}

const tokenOf = (page: Page, name: string) =>
  page.evaluate((context) => window.compat.settled(window.compat.ims.getToken(context)), name)
const landingsOf = (page: Page) => page.evaluate(() => window.compat.landings)

describe('named contexts in a browser app', () => {
  test('a login finishes in the context that started it, once, and its tokens remain after the next load', async () => {
    const page = await open(await newContext())
    expect(await tokenOf(page, 'second')).toMatchObject({ code: 'LOGIN_REQUIRED' })
    const before = ims.granted('authorization_code')
    await signIn(page, 'second', { returnTo: '/inbox', appState: { kept: 1 } })
    const result = { status: 'signedIn', context: 'second', returnTo: '/inbox', appState: { kept: 1 } }
    const landing = { ok: { ...result, tokens: { accessToken: expect.any(String) } } }
    expect(await landingsOf(page)).toMatchObject([landing, landing])
    expect(ims.granted('authorization_code')).toBe(before + 1)
    expect(page.url()).toBe(`${origin}/callback`)
    const token = await tokenOf(page, 'second')
    expect(token).toMatchObject({ ok: expect.stringMatching(/^ey/) })
    await page.reload()
    await ready(page)
    expect(await landingsOf(page)).toEqual([{ ok: undefined }, { ok: undefined }])
    expect(await tokenOf(page, 'second')).toEqual(token)
    // another context of the same client is another login
    expect(await tokenOf(page, 'first')).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(ims.granted('authorization_code')).toBe(before + 1)
  })

  test('a context that is set for another client gets no tokens of the first', async () => {
    const page = await open(await newContext())
    await signIn(page, 'first')
    const changed = await page.evaluate(async () => {
      const { ims, settled } = window.compat
      const { data } = await ims.context.get('first')
      const { access_token: _, refresh_token: __, ...credential } = data ?? {}
      await ims.context.set('first', { ...credential, client_id: 'another' })
      return settled(ims.getToken('first'))
    })
    expect(changed).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  test('a popup signs in for its opener', async () => {
    const page = await open(await newContext())
    await page.click('button')
    const outcome = await page.evaluate(() => (window as unknown as { clicked: Promise<unknown> }).clicked)
    expect(outcome).toMatchObject({ ok: expect.stringMatching(/^ey/) })
    expect(await tokenOf(page, 'first')).toEqual(outcome)
    expect(page.url()).toBe(`${origin}/`)
  })

  test('a logout removes the tokens here and in other tabs, and invalidates them at IMS', async () => {
    const context = await newContext()
    const page = await open(context)
    await signIn(page, 'first')
    const other = await open(context)
    const { ok: token } = (await tokenOf(other, 'first')) as { ok: string }
    const url = await page.evaluate(async () => (await window.compat.ims.logout('first')).href)
    expect(url).toBe(`${ims.config.endpoint}/ims/logout/v1?client_id=${ims.config.clientId}`)
    expect(await tokenOf(page, 'first')).toMatchObject({ code: 'LOGIN_REQUIRED' })
    await expect.poll(() => tokenOf(other, 'first')).toMatchObject({ code: 'LOGIN_REQUIRED' })
    const { status } = await fetch(`${ims.config.endpoint}/ims/userinfo/v2`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(status).toBe(401)
  })

  test('invalidateToken invalidates the access token only', async () => {
    const page = await open(await newContext())
    await signIn(page, 'first')
    const left = await page.evaluate(async () => {
      const { data } = await window.compat.ims.invalidateToken('first')
      return Object.keys(data ?? {})
    })
    expect(left).not.toContain('access_token')
    expect(left).toEqual(expect.arrayContaining(['client_id', 'refresh_token']))
  })

  test('an answer to no login is ignored, and its address left as it is', async () => {
    const page = await open(await newContext(), '/callback?code=forged&state=unknown')
    expect(await landingsOf(page)).toEqual([{ ok: undefined }, { ok: undefined }])
    expect(page.url()).toBe(`${origin}/callback?code=forged&state=unknown`)
  })
})

describe('secrets in a browser app', () => {
  const secrets = {
    client_secret: 's3cret',
    client_secrets: ['s3cret'],
    private_key: '-----BEGIN s3cret',
    passphrase: 's3cret',
  }

  test.each(Object.entries(secrets))('%s is refused before anything is stored (S31, S48)', async (key, value) => {
    const page = await open(await newContext())
    const sent = ims.requests.length
    const result = await page.evaluate(
      async ([name, secret]) => {
        const { ims, settled } = window.compat
        const before = (await ims.context.get('first')).data ?? {}
        return {
          set: await settled(ims.context.set('bad', { ...before, [name]: secret })),
          stored: (await ims.context.get('bad')).data === undefined,
          call: await settled(ims.getToken('first', { [name]: secret })),
        }
      },
      [key, value] as const,
    )
    const refused = { code: 'SECRET_IN_BROWSER', message: expect.stringContaining(key) }
    expect(result).toEqual({ set: refused, stored: true, call: refused })
    expect(JSON.stringify(result)).not.toContain('s3cret')
    expect(ims.requests.length).toBe(sent)
  })

  test('the flows of others are refused by createClient, unless the page allows them', async () => {
    const page = await open(await newContext())
    const codes = await page.evaluate(() => {
      const { imskit } = window.compat
      const flow = imskit.authorizationCode({ clientId: 'a', scopes: ['openid'] })
      const made = (allowSecretsInBrowser: boolean) => {
        try {
          const platform = imskit.browserPlatform({ allowSecretsInBrowser })
          imskit.createClient({ ...platform, flow: { ...flow, confidential: true } })
          return 'made'
        } catch (error) {
          return (error as { code: string }).code
        }
      }
      return [made(false), made(true)]
    })
    expect(codes).toEqual(['SECRET_IN_BROWSER', 'made'])
  })

  test('an app that allows them can pass their kinds', async () => {
    const page = await open(await newContext())
    const outcome = await page.evaluate(async (data) => {
      const { imskit, jwtKind, settled } = window.compat
      const allowed = imskit.createBrowserIms({ allowSecretsInBrowser: true, kinds: [jwtKind], database: 'own' })
      await allowed.context.set('jwt', data)
      return { token: await settled(allowed.getToken('jwt')), login: await settled(allowed.login('jwt')) }
    }, ims.contexts.jwt)
    // IMS answers, but lets no page of another origin read what it grants to a secret
    expect(ims.requests.at(-1)).toMatchObject({ path: '/ims/exchange/jwt', status: 200 })
    expect(outcome).toMatchObject({ token: { code: 'NETWORK_FAILED' }, login: { code: 'BAD_OPTION' } })
  })
})
