import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { arrivals, getToken, open, useBrowser } from '../browser.ts'
import type { AppConfig } from '../fixtures/app.ts'
import { type Ims, startIms } from '../ims.ts'
import { type Site, startSite } from '../site.ts'

const newContext = useBrowser()
let ims: Ims
let site: Site

beforeAll(async () => {
  const redirectUris = [/http:\/\/localhost:\d+\/(callback|relay)/]
  ims = await startIms({ clients: [{ clientId: 'emulator-public', redirectUris, consent: false }] })
  site = await startSite(ims.config)
})
afterAll(async () => {
  site.close()
  await ims.close()
})
afterEach(() => expect(site.violations).toEqual([]))

/** An app of its own. */
async function siteWith(change: Partial<AppConfig>, headers: Record<string, string> = {}): Promise<Site> {
  const other = await startSite({ ...ims.config, ...change })
  onTestFinished(() => other.close())
  other.configure({ headers })
  return other
}

const openApp = async ({ origin }: Site = site) => open(await newContext(), `${origin}/`)

/** Clicks the button, and waits for the sign-in page in its window. */
async function clickLogin(page: Page): Promise<Page> {
  await page.evaluate(() => {
    window.onButton = () => window.app.client.login({ mode: 'popup' })
  })
  const [popup] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('button').click()])
  await popup.waitForURL(`${ims.config.endpoint}/**`)
  return popup
}

async function signIn(popup: Page): Promise<void> {
  await popup.getByLabel('Password').fill('any')
  await popup.getByRole('button', { name: 'Sign in' }).click()
}

const result = (page: Page) => page.evaluate(() => window.clicked)
const aToken = { ok: expect.stringContaining('.') }

describe('a login in a popup', () => {
  test('does not leave the page, and closes its window', async () => {
    const page = await openApp()
    const popup = await clickLogin(page)
    await Promise.all([popup.waitForEvent('close'), signIn(popup)])
    expect(await result(page)).toEqual(aToken)
    expect(await getToken(page)).toEqual(await result(page))
    expect(page.url()).toBe(`${site.origin}/`)
  })

  test('finishes on a page that only relays the callback', async () => {
    const relayed = await siteWith({})
    relayed.configure({ platform: { relayUri: `${relayed.origin}/relay` } })
    const page = await openApp(relayed)
    const popup = await clickLogin(page)
    await Promise.all([popup.waitForEvent('close'), signIn(popup)])
    expect(await result(page)).toEqual(aToken)
  })

  test('works if the page is isolated from its popups (COOP)', async () => {
    const page = await openApp(await siteWith({}, { 'cross-origin-opener-policy': 'same-origin' }))
    const popup = await clickLogin(page)
    await signIn(popup)
    expect(await result(page)).toEqual(aToken)
    await expect.poll(() => popup.isClosed()).toBe(true)
  })

  test('takes an answer that comes late, from another tab', async () => {
    const page = await openApp()
    const popup = await clickLogin(page)
    const address = popup.url()
    await popup.close()
    const tab = await page.context().newPage()
    await tab.goto(address)
    await signIn(tab)
    expect(await result(page)).toEqual(aToken)
    // a tab that the user opened remains, with a clean address
    if (!tab.isClosed()) expect(await arrivals(tab)).toEqual([{ ok: undefined }, { ok: undefined }])
  })

  test('finishes with its callback: the same address, opened again, does not sign the user in (S22)', async () => {
    const page = await openApp()
    const popup = await clickLogin(page)
    const answers: string[] = []
    page.context().on('request', (request) => {
      if (request.url().includes('/callback?')) answers.push(request.url())
    })
    await Promise.all([popup.waitForEvent('close'), signIn(popup)])
    const token = await result(page)
    expect(token).toEqual(aToken)
    const asked = ims.requests.length
    const again = await page.context().newPage()
    await again.goto(answers[0] ?? '')
    expect((await arrivals(again))[0]).toMatchObject({ error: { code: 'STATE_MISMATCH' } })
    expect(ims.requests.length).toBe(asked)
    expect(await getToken(page)).toEqual(token)
  })

  test('takes no answer from another origin, nor one for another login (S24)', async () => {
    const page = await openApp()
    const failures: Error[] = []
    page.on('pageerror', (error) => failures.push(error))
    const popup = await clickLogin(page)
    const state = new URL(popup.url()).searchParams.get('state') ?? ''
    const forge = (messages: unknown[]) => {
      for (const message of messages) {
        new BroadcastChannel('imskit/callback').postMessage(message)
        window.opener?.postMessage(message, '*')
      }
    }
    const forged = { type: 'callback', state, url: `${site.origin}/callback?code=forged&state=${state}` }
    // the popup is a page of another origin, and has an opener
    await popup.evaluate(forge, [forged])
    const sibling = await open(page.context(), `${site.origin}/`)
    await sibling.evaluate(forge, [
      null,
      'callback',
      { type: 'callback', state: 'other', url: forged.url },
      { ...forged, url: 'https://evil.example/callback?code=forged' },
      { ...forged, url: 5 },
    ])
    await Promise.all([popup.waitForEvent('close'), signIn(popup)])
    expect(await result(page)).toEqual(aToken)
    expect(failures).toEqual([])
  })

  test('is refused by the user', async () => {
    const page = await openApp()
    const popup = await clickLogin(page)
    await Promise.all([popup.waitForEvent('close'), popup.getByRole('button', { name: 'Cancel' }).click()])
    expect(await result(page)).toMatchObject({ error: { code: 'ACCESS_DENIED' } })
  })

  test('times out; a later callback does not sign the user in', async () => {
    const impatient = await siteWith(
      { platform: { popupTimeout: 300 } },
      { 'cross-origin-opener-policy': 'same-origin' },
    )
    const page = await openApp(impatient)
    const popup = await clickLogin(page)
    const address = popup.url()
    expect(await result(page)).toMatchObject({ error: { code: 'TIMEOUT' } })
    const tab = await page.context().newPage()
    await tab.goto(address)
    await signIn(tab)
    await tab.waitForURL('**/callback*')
    expect((await arrivals(tab))[0]).toMatchObject({ error: { code: 'STATE_MISMATCH' } })
    expect(await getToken(page)).toMatchObject({ error: { code: 'LOGIN_REQUIRED' } })
  })

  test('ends with the caller’s own reason, window and all', async () => {
    const page = await openApp()
    await page.evaluate(() => {
      const leaving = new AbortController()
      Object.assign(window, { leave: () => leaving.abort(new Error('mine')) })
      window.onButton = () => window.app.client.login({ mode: 'popup', signal: leaving.signal })
    })
    const [popup] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('button').click()])
    await popup.waitForURL(`${ims.config.endpoint}/**`)
    const closed = popup.waitForEvent('close')
    await page.evaluate(() => (window as unknown as { leave(): void }).leave())
    expect(await result(page)).toMatchObject({ error: { message: 'mine' } })
    await closed
    expect(await page.evaluate(() => Object.keys(sessionStorage))).toEqual([])
  })

  test('that the browser blocks says what to do, and leaves nothing behind', async () => {
    const context = await newContext()
    // no click at all
    await context.addInitScript(() => {
      addEventListener('load', () => {
        window.clicked = window.outcome(window.app.client.login({ mode: 'popup' }))
      })
    })
    const page = await open(context, `${site.origin}/`)
    await page.waitForFunction(() => window.clicked !== undefined)
    expect(await result(page)).toMatchObject({
      error: { code: 'LOGIN_NOT_POSSIBLE', message: expect.stringContaining('click') },
    })
    expect(context.pages().length).toBe(1)
    expect(await page.evaluate(() => Object.keys(sessionStorage))).toEqual([])
  })
})
