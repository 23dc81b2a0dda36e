import type { BrowserContext } from 'playwright'
import { expect, onTestFinished, test } from 'vitest'
import { arrivals, getToken, logIn, running } from '../browser.ts'
import { startSite } from '../site.ts'
import { codesRedeemed, ims, newContext, openApp, site } from './app.ts'

// the page that IMS comes back to, and who else may open it

/** IMS answers every authorization request with `parameters`. */
async function answerWith(context: BrowserContext, parameters: Record<string, string>): Promise<void> {
  await context.route('**/ims/authorize/v2*', (route) => {
    const asked = new URL(route.request().url()).searchParams
    const back = new URL(asked.get('redirect_uri') ?? '')
    for (const [name, value] of Object.entries({ ...parameters, state: asked.get('state') ?? '' }))
      back.searchParams.set(name, value)
    return route.fulfill({ status: 302, headers: { location: back.href } })
  })
}

test('the error description of IMS is text: no element, no request, nothing in the history (S14)', async () => {
  const page = await openApp()
  const asked: string[] = []
  page.context().on('request', (request) => asked.push(request.url()))
  await answerWith(page.context(), {
    error: 'server_error',
    error_description: `<img src="${site.origin}/painted" onerror="window.ran = true"><script>window.ran = true</script>`,
    error_uri: `${site.origin}/fetched`,
  })
  const [outcome] = await logIn(page)
  expect(outcome).toMatchObject({ error: { code: 'IMS_UNAVAILABLE', name: 'UnavailableError' } })
  expect(page.url()).toBe(`${site.origin}/callback`)
  expect(await page.locator('img, script:not([src])').count()).toBe(0)
  expect(await page.evaluate(() => 'ran' in window)).toBe(false)
  expect(asked.filter((url) => /painted$|fetched$/.test(url))).toEqual([])
  const history = await (await page.context().newCDPSession(page)).send('Page.getNavigationHistory')
  expect(history.entries.map(({ url }) => url).filter((url) => url.includes('error'))).toEqual([])
})

test.each(['login_required', 'interaction_required', 'access_denied', 'unauthorized_client'])(
  'an app that answers %s with another login is stopped',
  async (error) => {
    const looping = await startSite({ ...ims.config, eager: true })
    onTestFinished(() => looping.close())
    const context = await newContext()
    await answerWith(context, { error })
    let visits = 0
    context.on('request', (request) => {
      if (request.url().includes('/ims/authorize/')) visits++
    })
    const page = await context.newPage()
    await page.goto(`${looping.origin}/`)
    await page.waitForFunction(() => window.ended !== undefined)
    expect(await page.evaluate(() => window.ended)).toMatchObject({ error: { code: 'LOGIN_NOT_POSSIBLE' } })
    expect(visits).toBe(5)
  },
)

test.each([
  ['access_denied', 'ACCESS_DENIED'],
  ['login_required', 'LOGIN_REQUIRED'],
  ['interaction_required', 'LOGIN_REQUIRED'],
  ['consent_required', 'LOGIN_REQUIRED'],
])('%s is a result, with what the app stored for the login', async (error, code) => {
  const page = await openApp()
  await answerWith(page.context(), { error })
  const outcomes = await logIn(page, { returnTo: '/inbox', appState: 'kept' })
  const denied = { status: 'denied', error: { code, name: 'LoginRequiredError' }, returnTo: '/inbox', appState: 'kept' }
  expect(outcomes).toMatchObject([{ ok: denied }, { ok: denied }])
  expect(page.url()).toBe(`${site.origin}/callback`)
  await page.reload()
  expect(await arrivals(page)).toEqual([{ ok: undefined }, { ok: undefined }])
})

test('a callback that two tabs open at the same time redeems its code once (S22)', async () => {
  const page = await openApp()
  const url = await page.evaluate(async () => (await window.app.client.startLogin()).href)
  const callback = (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? ''
  const before = codesRedeemed()
  // a tab that is duplicated, or opened with its opener, has a copy of the sessionStorage
  await page.evaluate(() => {
    const link = Object.assign(document.createElement('a'), { href: '/', target: '_blank', rel: 'opener' })
    link.textContent = 'copy'
    document.body.append(link)
  })
  const copy = async () => {
    const [tab] = await Promise.all([page.context().waitForEvent('page'), page.getByText('copy').click()])
    await running(tab)
    return tab
  }
  const tabs = [await copy(), await copy()]
  await Promise.all(tabs.map((tab) => tab.goto(callback)))
  const outcomes = (await Promise.all(tabs.map(arrivals))).map(([outcome]) => outcome ?? {})
  expect(outcomes.filter((outcome) => 'ok' in outcome).length).toBe(1)
  expect(outcomes.find((outcome) => 'error' in outcome)).toMatchObject({ error: { code: 'STATE_MISMATCH' } })
  expect(codesRedeemed()).toBe(before + 1)
  // and so everyone is signed in
  const tokens = await Promise.all([page, ...tabs].map(getToken))
  expect(tokens).toEqual(Array(3).fill({ ok: expect.any(String) }))
})
