import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { useBrowser } from './browser.ts'
import { type Ims, startIms } from './ims.ts'
import { type Site, startSite } from './site.ts'

// routers that read the address before a login is finished, and write it back afterwards

const newContext = useBrowser()
let ims: Ims
let site: Site

beforeAll(async () => {
  ims = await startIms({ autoLogin: 'user@example.com' })
  site = await startSite(ims.config, { app: 'vue', policy: { 'trusted-types': 'vue' } })
})
afterAll(async () => {
  site.close()
  await ims.close()
})
afterEach(() => expect(site.violations).toEqual([]))

const codesSent = () => ims.requests.filter(({ params }) => params.grant_type === 'authorization_code').length
const started = (page: Page) => page.waitForFunction(() => window.vue !== undefined)

async function openApp(): Promise<Page> {
  const page = await (await newContext()).newPage()
  await page.goto(`${site.origin}/`)
  await started(page)
  return page
}

/** The address that IMS sends the user back to. */
async function callbackOf(page: Page): Promise<string> {
  const url = await page.evaluate(async () => (await window.vue.client.startLogin()).href)
  const response = await fetch(url, { redirect: 'manual' })
  return response.headers.get('location') ?? ''
}

/** Every place in which a page can find the address again. */
async function places(page: Page): Promise<string> {
  const cdp = await page.context().newCDPSession(page)
  const { entries } = await cdp.send('Page.getNavigationHistory')
  const inPage = await page.evaluate(() => JSON.stringify([location.href, history.state]))
  return [inPage, ...entries.map(({ url }) => url)].join('\n')
}

const arrival = (page: Page) => page.evaluate(() => window.vue.arrival)
const askAgain = (page: Page) => page.evaluate(() => window.vue.settled(window.vue.client.handleRedirect()))
const signedIn = { ok: expect.objectContaining({ status: 'signedIn' }) }

describe('vue-router', () => {
  test.each(['fast', 'slow'])('that is %s leaves no answer in the address and history state', async (pace) => {
    const page = await openApp()
    const [callback, sofar] = [await callbackOf(page), codesSent()]
    await page.goto(`${callback}&router=${pace}&tab=2#part`)
    await started(page)
    expect(await arrival(page)).toEqual(signedIn)
    await page.evaluate(async () => {
      window.vue.showCallback()
      await window.vue.router.isReady()
    })
    expect(await page.evaluate(() => window.vue.router.currentRoute.value.path)).toBe('/callback')
    expect(page.url()).toBe(`${site.origin}/callback?router=${pace}&tab=2#part`)
    expect(await places(page)).not.toMatch(/[?&](code|state)=/)
    // and its own state is whole
    expect(await page.evaluate(() => history.state)).toMatchObject({
      back: null,
      current: `/callback?router=${pace}&tab=2#part`,
      forward: null,
      replaced: true,
      position: expect.any(Number),
    })
    expect(await askAgain(page)).toEqual(await arrival(page))
    expect(codesSent()).toBe(sofar + 1)
  })

  test('that navigates forward and back leaves none either', async () => {
    const page = await openApp()
    await page.goto(await callbackOf(page))
    await started(page)
    expect(await arrival(page)).toEqual(signedIn)
    await page.evaluate(async () => {
      await window.vue.router.isReady()
      await window.vue.router.push({ path: '/inbox', state: { own: { kept: [1, '/inbox?code=1&state=2'] } } })
    })
    expect(page.url()).toBe(`${site.origin}/inbox`)
    expect(await page.evaluate(() => history.state)).toMatchObject({
      back: '/callback',
      current: '/inbox',
      own: { kept: [1, '/inbox?code=1&state=2'] },
    })
    await page.goBack()
    expect(page.url()).toBe(`${site.origin}/callback`)
    expect(await places(page)).not.toMatch(/[?&](code|state)=/)
  })

  test('that writes the answer back right before a reload costs nothing', async () => {
    const page = await openApp()
    const [callback, sofar] = [await callbackOf(page), codesSent()]
    await page.goto(callback)
    await started(page)
    expect(await arrival(page)).toEqual(signedIn)
    for (let load = 0; load < 2; load++) {
      await page.goto(callback)
      await started(page)
      expect(await arrival(page)).toEqual({ ok: undefined })
      await page.evaluate(() => window.vue.router.isReady())
      expect(page.url()).toBe(`${site.origin}/callback`)
      expect(await askAgain(page)).toEqual({ ok: undefined })
    }
    expect(await page.evaluate(() => window.vue.settled(window.vue.client.getToken()))).toEqual({
      ok: expect.any(String),
    })
    expect(codesSent()).toBe(sofar + 1)
  })

  test('leaves none after a login that IMS refuses', async () => {
    const page = await openApp()
    const callback = new URL(await callbackOf(page))
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    await page.goto(callback.href)
    await started(page)
    expect(await arrival(page)).toMatchObject({ ok: { status: 'denied' } })
    await page.evaluate(() => window.vue.router.isReady())
    expect(page.url()).toBe(`${site.origin}/callback`)
    expect(await places(page)).not.toMatch(/[?&](error|state)=/)
  })
})

test('a tab remembers a bounded number of finished logins, and none by its state', async () => {
  const page = await openApp()
  const states: string[] = []
  for (let login = 0; login < 22; login++) {
    const callback = await callbackOf(page)
    states.push(new URL(callback).searchParams.get('state') ?? '')
    await page.goto(callback)
    await started(page)
    await arrival(page)
  }
  const stored = await page.evaluate(() => JSON.stringify({ ...sessionStorage }))
  expect(stored.match(/imskit\/finished\//g)?.length).toBe(20)
  expect(states.filter((state) => stored.includes(state))).toEqual([])
})
