import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { arrivals, getToken, logIn, open, running } from '../browser.ts'
import { type Ims, startIms } from '../ims.ts'
import { type Site, startSite } from '../site.ts'
import { callbackOf, codesRedeemed, ims, newContext, openApp, site } from './app.ts'

describe('a login by redirect', () => {
  test('finishes once, even if it is requested twice', async () => {
    const page = await openApp()
    const before = codesRedeemed()
    const [first, second] = await logIn(page, { returnTo: '/inbox?unread=1', appState: 'kept' })
    expect(first).toMatchObject({
      ok: { status: 'signedIn', returnTo: '/inbox?unread=1', appState: 'kept', tokens: { missingScopes: [] } },
    })
    expect(second).toEqual(first)
    expect(codesRedeemed()).toBe(before + 1)
    expect(await page.evaluate(() => window.app.events.filter(({ type }) => type === 'login').length)).toBe(1)
  })

  test('leaves no callback in the address bar and the history, and survives a reload (S20)', async () => {
    const page = await openApp()
    const before = codesRedeemed()
    const [result] = await logIn(page)
    expect(page.url()).toBe(`${site.origin}/callback`)
    const history = await (await page.context().newCDPSession(page)).send('Page.getNavigationHistory')
    expect(history.entries.map(({ url }) => url).filter((url) => /[?&](code|state)=/.test(url))).toEqual([])
    await page.reload()
    expect(await arrivals(page)).toEqual([{ ok: undefined }, { ok: undefined }])
    const { ok: token } = (await getToken(page)) as { ok: string }
    expect(result).toMatchObject({ ok: { tokens: { accessToken: token } } })
    expect(codesRedeemed()).toBe(before + 1)
  })

  test('keeps the rest of the address', async () => {
    const page = await openApp()
    const callback = new URL(await callbackOf(page))
    callback.searchParams.set('tab', '2')
    callback.searchParams.set('unknown', '1')
    await page.goto(`${callback.href}#part`)
    expect((await arrivals(page))[0]).toMatchObject({
      ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } },
    })
    expect(page.url()).toBe(`${site.origin}/callback?tab=2&unknown=1#part`)
  })

  test('is shared with a tab that is opened later, and with no other profile', async () => {
    const page = await openApp()
    await logIn(page)
    const later = await open(page.context(), `${site.origin}/anywhere`)
    expect(await arrivals(later)).toEqual([{ ok: undefined }, { ok: undefined }])
    expect(await getToken(later)).toEqual(await getToken(page))
    expect(await getToken(await openApp())).toMatchObject({ error: { code: 'LOGIN_REQUIRED' } })
  })

  test('works in a cross-origin-isolated page', async () => {
    const isolated = await startSite(ims.config)
    onTestFinished(() => isolated.close())
    isolated.configure({
      headers: { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' },
    })
    const page = await open(await newContext(), `${isolated.origin}/`)
    expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(true)
    expect((await logIn(page))[0]).toMatchObject({
      ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } },
    })
  })

  test('works while a service worker answers every navigation with a cached page', async () => {
    const worked = await startSite(ims.config)
    onTestFinished(() => worked.close())
    // the app has a policy for the address of its worker, which keeps the app's page
    worked.configure({ policy: { 'trusted-types': 'own-worker', 'connect-src': `'self' ${ims.config.endpoint}` } })
    const page = await open(await newContext(), `${worked.origin}/`)
    await page.evaluate(async () => {
      const claimed = new Promise((resolve) => {
        navigator.serviceWorker.addEventListener('controllerchange', resolve)
      })
      const own = window.trustedTypes.createPolicy('own-worker', { createScriptURL: (url) => url })
      await navigator.serviceWorker.register(own.createScriptURL('/service-worker.js'))
      await claimed
    })
    const [result] = await logIn(page)
    expect(result).toMatchObject({ ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } } })
    expect(await page.evaluate(() => navigator.serviceWorker.controller?.state)).toBe('activated')
    expect(page.url()).toBe(`${worked.origin}/callback`)
    expect(worked.violations).toEqual([])
    // the worker's page is under the policy too
    const refused = await page.evaluate(() =>
      navigator.serviceWorker.register('/other.js').catch((error) => error.name),
    )
    expect(refused).toBe('TypeError')
  })

  test.each(['open', 'put'] as const)(
    'returns a token if the database fails to %s, until the next load',
    async (step) => {
      const context = await newContext()
      await context.addInitScript((step) => {
        const fail = () => {
          throw new DOMException('denied', 'QuotaExceededError')
        }
        if (step === 'open') IDBFactory.prototype.open = fail
        else IDBObjectStore.prototype.put = fail
      }, step)
      const page = await open(context, `${site.origin}/`)
      const [result] = await logIn(page)
      expect(result).toMatchObject({ ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } } })
      expect(await getToken(page)).toMatchObject({
        ok: (result as { ok: { tokens: { accessToken: string } } }).ok.tokens.accessToken,
      })
      const said = await page.evaluate(() => window.app.events.map(({ type }) => type))
      expect(said).toContain('error')
      expect(said).not.toContain('store-degraded')
      await page.reload()
      await running(page)
      // a database that does not open may hold a token
      const code = step === 'open' ? 'STORE_FAILED' : 'LOGIN_REQUIRED'
      expect(await getToken(page)).toMatchObject({ error: { code } })
    },
  )

  test('can be started in several tabs at the same time', async () => {
    const first = await openApp()
    const second = await open(first.context(), `${site.origin}/`)
    const [one, other] = await Promise.all([logIn(first), logIn(second)])
    expect([one[0], other[0]]).toMatchObject([{ ok: expect.anything() }, { ok: expect.anything() }])
  })

  test('that is given up does not hinder the next', async () => {
    const page = await openApp()
    await page.evaluate(async () => {
      for (let count = 0; count < 40; count++) await window.app.client.startLogin()
    })
    const pending = () => Object.keys(sessionStorage).filter((key) => key.startsWith('imskit/pending/')).length
    expect(await page.evaluate(pending)).toBeLessThanOrEqual(20)
    expect((await logIn(page))[0]).toMatchObject({
      ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } },
    })
  })

  test('returns to no address outside the app (S19)', async () => {
    const page = await openApp()
    const sent = ims.requests.length
    const refused = [
      '//evil.example',
      '\\\\evil.example',
      '/\\evil.example',
      'https:evil.example',
      'https://evil.example/',
      'javascript:alert(1)',
      'data:text/html,x',
      '%2f%2fevil.example',
      '/\t/evil.example',
      '\n//evil.example',
      `${site.origin}.evil.example/`,
      `${site.origin}@evil.example/`,
      'inbox',
      '',
      // what is behind this site may decode once more
      '/%2f%2fevil.example',
    ]
    const codes = await page.evaluate(async (list) => {
      const results: unknown[] = []
      for (const returnTo of list) {
        const [run, start] = [window.app.client.login({ returnTo }), window.app.client.startLogin({ returnTo })]
        for (const work of [run, start]) {
          const result = await window.outcome<unknown>(work)
          results.push('error' in result ? result.error.code : `accepted ${returnTo}`)
        }
      }
      return results
    }, refused)
    expect(new Set(codes)).toEqual(new Set(['BAD_OPTION']))
    expect(ims.requests.length).toBe(sent)
    const accepted = await page.evaluate(async (origin) => {
      for (const returnTo of ['/', '/a/b?c=//d#e', '/a/%2f%2fhere', `${origin}/x`])
        await window.app.client.startLogin({ returnTo })
      return 'all'
    }, site.origin)
    expect(accepted).toBe('all')
  })
})

describe('a user', () => {
  let formIms: Ims
  let formSite: Site
  beforeAll(async () => {
    // one that never asks for consent, and so whose tests do not depend on each other
    const redirectUris = [/http:\/\/localhost:\d+\/callback/]
    formIms = await startIms({ clients: [{ clientId: 'emulator-public', redirectUris, consent: false }] })
    formSite = await startSite(formIms.config)
  })
  afterAll(async () => {
    formSite.close()
    await formIms.close()
  })
  const sendAway = async (page: Page) => {
    await page.evaluate(() => {
      window.clicked = window.outcome(window.app.client.login())
    })
    await page.waitForURL(`${formIms.config.endpoint}/**`)
  }

  test('signs in on the pages of IMS', async () => {
    const page = await open(await newContext(), `${formSite.origin}/`)
    await sendAway(page)
    await page.getByLabel('Password').fill('any')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL('**/callback*')
    expect((await arrivals(page))[0]).toMatchObject({ ok: { tokens: { claims: { aud: formIms.config.clientId } } } })
  })

  test('refuses', async () => {
    const page = await open(await newContext(), `${formSite.origin}/`)
    await sendAway(page)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.waitForURL('**/callback*')
    expect((await arrivals(page))[0]).toMatchObject({
      ok: { status: 'denied', error: { code: 'ACCESS_DENIED', details: { imsError: 'access_denied' } } },
    })
    expect(page.url()).toBe(`${formSite.origin}/callback`)
  })

  test('returns with the back button to a page that works', async () => {
    const page = await open(await newContext(), `${formSite.origin}/`)
    await sendAway(page)
    await page.goBack({ waitUntil: 'commit' })
    await running(page)
    // restored, or loaded again: the browser decides
    const ended = await page.evaluate(async () => (await window.clicked) ?? { error: { code: 'LOGIN_REQUIRED' } })
    expect(ended).toMatchObject({ error: { code: 'LOGIN_REQUIRED' } })
    // and leaves it again by the forward button
    await page.goForward({ waitUntil: 'commit' })
    await page.getByLabel('Password').fill('any')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL('**/callback*')
    expect((await arrivals(page))[0]).toMatchObject({
      ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } },
    })
  })
})

test('an app that starts logins without end is stopped (S27)', async () => {
  const looping = await startSite({ ...ims.config, eager: true })
  onTestFinished(() => looping.close())
  onTestFinished(ims.fault({ path: '/ims/token', status: 400, body: { error: 'invalid_grant' }, times: 50 }))
  const before = ims.requests.filter(({ path }) => path === '/ims/authorize/v2').length
  const page = await (await newContext()).newPage()
  await page.goto(`${looping.origin}/`)
  await page.waitForFunction(() => window.ended !== undefined)
  expect(await page.evaluate(() => window.ended)).toMatchObject({ error: { code: 'LOGIN_NOT_POSSIBLE' } })
  expect(ims.requests.filter(({ path }) => path === '/ims/authorize/v2').length - before).toBe(5)
})

test('no secret is left in the page, its history, its storage or the console (S20, S51, S52)', async () => {
  const watched = await startSite(ims.config)
  onTestFinished(() => watched.close())
  const context = await newContext()
  const page = await context.newPage()
  const printed: string[] = []
  const secrets: string[] = []
  page.on('console', (message) => printed.push(message.text()))
  page.on('request', (request) => {
    const sent = new URLSearchParams(request.postData() ?? '')
    for (const name of ['code', 'code_verifier', 'refresh_token']) secrets.push(...sent.getAll(name))
  })
  await page.goto(`${watched.origin}/`)
  await running(page)
  await logIn(page)
  const { ok: token } = (await getToken(page)) as { ok: string }
  secrets.push(token, token.split('.')[2] ?? token)
  expect(secrets.length).toBe(4)
  // the page's own script was asked for before any of it could run
  const early = watched.referrers.length
  await Promise.all([page.waitForURL('**/next'), page.evaluate(() => location.assign('/next'))])
  await running(page)
  const cdp = await context.newCDPSession(page)
  const history = JSON.stringify(await cdp.send('Page.getNavigationHistory'))
  const inPage = await page.evaluate(() =>
    JSON.stringify([
      { ...localStorage },
      { ...sessionStorage },
      document.cookie,
      document.documentElement.outerHTML,
      globalThis.history.state,
      location.href,
      performance.getEntriesByType('resource').map(({ name }) => name),
      window.app.events,
    ]),
  )
  const seen = [history, inPage, ...printed, ...watched.referrers.slice(early)].join('\n')
  expect(watched.referrers.slice(early)).toContain(`${watched.origin}/callback`)
  expect(secrets.filter((secret) => seen.includes(secret))).toEqual([])
})
