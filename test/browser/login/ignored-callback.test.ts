import { describe, expect, onTestFinished, test } from 'vitest'
import { arrivals, getToken, logIn, open } from '../browser.ts'
import { startSite } from '../site.ts'
import { callbackOf, ims, newContext, openApp, site } from './app.ts'

describe('an answer that belongs to no login here', () => {
  test('of an unknown state changes nothing, its own address included', async () => {
    const page = await openApp()
    await logIn(page)
    const [token, before] = [await getToken(page), ims.requests.length]
    for (const [place, reason] of [
      ['/callback?code=forged&state=unknown', 'state'],
      ['/stripe?code=ac_123&state=from-stripe&scope=read_write#part', 'path'],
      ['/?code=foo&state=__proto__', 'path'],
      ['/callback?code=a&state=b&state=c', 'state'],
    ] as const) {
      await page.goto(`${site.origin}${place}`)
      expect(await arrivals(page)).toEqual([{ ok: undefined }, { ok: undefined }])
      expect(page.url()).toBe(`${site.origin}${place}`)
      const events = await page.evaluate(() => window.app.events)
      expect(events).toMatchObject([{ type: 'callback-ignored', reason }])
    }
    expect(ims.requests.length).toBe(before)
    expect(await getToken(page)).toEqual(token)
  })

  test('but an error without a state, or in the fragment, is reported and finishes no login', async () => {
    const page = await openApp()
    const callback = await callbackOf(page)
    const state = new URL(callback).searchParams.get('state')
    const said = 'error=invalid_scope&error_description=not%20yours'
    for (const rest of [`?${said}`, `#${said}`, `#${said}&state=${state}`]) {
      // another address in between: a fragment alone loads nothing
      await page.goto('about:blank')
      await page.goto(`${site.origin}/callback${rest}`)
      expect(await arrivals(page)).toEqual([{ ok: undefined }, { ok: undefined }])
      expect(page.url()).toBe(`${site.origin}/callback${rest}`)
      expect(await page.evaluate(() => window.app.events)).toMatchObject([
        { type: 'callback-ignored', reason: 'state', imsError: 'invalid_scope', imsErrorDescription: 'not yours' },
      ])
      const refused = await page.evaluate(() => window.outcome(window.app.client.finishLogin(location.href)))
      expect(refused).toMatchObject({ error: { code: 'STATE_MISMATCH', details: { imsError: 'invalid_scope' } } })
    }
    await page.goto(callback)
    expect((await arrivals(page))[0]).toMatchObject({ ok: { status: 'signedIn' } })
  })

  test('that was used before is not used again (S7)', async () => {
    const page = await openApp()
    const callback = await callbackOf(page)
    await page.goto(callback)
    expect((await arrivals(page))[0]).toMatchObject({
      ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } },
    })
    const before = ims.requests.length
    await page.goto(callback)
    expect(await arrivals(page)).toEqual([{ ok: undefined }, { ok: undefined }])
    expect(page.url()).toBe(`${site.origin}/callback`)
    expect(ims.requests.length).toBe(before)
    expect(await getToken(page)).toMatchObject({ ok: expect.any(String) })
  })

  test('that comes too late', async () => {
    const page = await openApp()
    const callback = await callbackOf(page)
    const before = ims.requests.length
    await page.evaluate(() => {
      const [key = ''] = Object.keys(sessionStorage).filter((name) => name.startsWith('imskit/pending/'))
      const entry = JSON.parse(sessionStorage.getItem(key) ?? '')
      entry.value.expiresAt = Date.now() - 1
      sessionStorage.setItem(key, JSON.stringify(entry))
    })
    await page.goto(callback)
    expect((await arrivals(page))[0]).toMatchObject({
      error: { code: 'STATE_MISMATCH', details: { reason: 'expired' } },
    })
    expect(ims.requests.length).toBe(before)
  })

  test('that was started in another environment (S16)', async () => {
    const other = await startSite(ims.config)
    onTestFinished(() => other.close())
    const page = await open(await newContext(), `${other.origin}/`)
    const callback = await callbackOf(page)
    const before = ims.requests.length
    other.configure({ endpoint: 'http://127.0.0.1:9' })
    await page.goto(callback)
    expect((await arrivals(page))[0]).toMatchObject({
      error: { code: 'STATE_MISMATCH', details: { reason: 'foreign' } },
    })
    expect(ims.requests.length).toBe(before)
  })

  test('at another redirect URI than asked for (S18)', async () => {
    const page = await openApp()
    const callback = new URL(await callbackOf(page))
    const before = ims.requests.length
    callback.pathname = '/other'
    await page.goto(callback.href)
    expect((await arrivals(page))[0]).toMatchObject({
      error: { code: 'STATE_MISMATCH', details: { reason: 'redirect_uri' } },
    })
    expect(ims.requests.length).toBe(before)
  })

  test('of another tab, or of an attacker, does not sign the user in (S8)', async () => {
    const attacker = await openApp()
    const callback = await callbackOf(attacker)
    const victim = await open(await newContext(), callback)
    expect(await arrivals(victim)).toEqual([{ ok: undefined }, { ok: undefined }])
    expect(await victim.evaluate(() => window.app.events)).toMatchObject([
      { type: 'callback-ignored', reason: 'state' },
    ])
    expect(await getToken(victim)).toMatchObject({ error: { code: 'LOGIN_REQUIRED' } })
  })

  test('needs both a state and a code or error', async () => {
    const page = await openApp()
    for (const query of ['?code=1', '?state=1', '?error=x', '#code=1&state=1']) {
      await page.goto(`${site.origin}/${query}`)
      expect(await arrivals(page)).toEqual([{ ok: undefined }, { ok: undefined }])
      expect(page.url()).toBe(`${site.origin}/${query}`)
    }
  })
})
