import type { Page } from 'playwright'
import { describe, expect, onTestFinished, test } from 'vitest'
import { useBrowser } from '../../browser/browser.ts'
import { authorizationUrl, callbackUrl, startTrip, state } from './kit/loopback.ts'

const newContext = useBrowser()

/** A page of a Chromium in which no script runs. */
async function pageWithoutScripts(): Promise<Page> {
  const context = await (await newContext()).browser()?.newContext({ javaScriptEnabled: false })
  if (context === undefined) throw new Error('The browser has exited.')
  onTestFinished(() => context.close())
  return context.newPage()
}

/** Every address in the history of a tab, and the one in its address bar. */
async function addressesOf(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page)
  const { entries } = await session.send('Page.getNavigationHistory')
  return [page.url(), ...entries.map(({ url }) => url)]
}

describe('the address bar of Chromium after a login', () => {
  const results = [
    ['You are signed in', {}],
    ['Sign-in canceled', { error: 'access_denied', error_description: 'not now' }],
  ] as const

  test.each(results)('has no code and no state, also without scripts: %s (S20)', async (title, query) => {
    const { trip } = await startTrip()
    const arrived = trip.navigate(authorizationUrl)
    const callback =
      'error' in query ? `${trip.redirectUri}?${new URLSearchParams({ ...query, state })}` : callbackUrl(trip)
    const page = await pageWithoutScripts()
    await page.goto(callback)
    await page.getByRole('heading', { name: title }).waitFor()
    expect((await arrived).href).toBe(callback)
    expect(await addressesOf(page)).toEqual([trip.redirectUri, 'about:blank', trip.redirectUri])
  })
})

describe('the redirect after a callback', () => {
  test('has no code and no state, and the page that follows shows the result', async () => {
    const { trip } = await startTrip()
    const arrived = trip.navigate(authorizationUrl)
    const redirect = await fetch(callbackUrl(trip), { redirect: 'manual' })
    expect([redirect.status, redirect.headers.get('location'), await redirect.text()]).toEqual([303, '/callback', ''])
    const page = await (await fetch(trip.redirectUri)).text()
    await arrived
    expect(page).toContain('You are signed in')
    expect(page).not.toMatch(new RegExp(`the-code|${state}`))
  })

  test('a program that does not follow it does not block the login', async () => {
    const { trip } = await startTrip()
    const arrived = trip.navigate(authorizationUrl)
    await fetch(callbackUrl(trip), { redirect: 'manual' })
    expect((await arrived).searchParams.get('code')).toBe('the-code')
  })

  test('a closed trip waits no longer', async () => {
    const { trip } = await startTrip()
    const arrived = trip.navigate(authorizationUrl)
    await fetch(callbackUrl(trip), { redirect: 'manual' })
    await trip.close()
    expect((await arrived).searchParams.get('code')).toBe('the-code')
  })

  test('shows no result before a callback', async () => {
    const { trip } = await startTrip()
    const arrived = trip.navigate(authorizationUrl)
    const early = await fetch(trip.redirectUri)
    expect(early.status).toBe(400)
    expect(await early.text()).toContain('This is not the answer to the pending login')
    await fetch(callbackUrl(trip))
    await arrived
  })
})
