import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startApi } from './api.ts'
import type { DrivenBrowser, DrivenTab } from './driven-browser.ts'
import { firefoxIsHere, startFirefox } from './firefox.ts'
import { type Ims, startIms } from './ims.ts'
import { type Site, startSite } from './site.ts'
import { startWebKit, webKitIsHere } from './webkit.ts'

const browsers = [
  { name: 'WebKit', isHere: webKitIsHere, start: startWebKit, opensWindows: false },
  { name: 'Firefox', isHere: firefoxIsHere, start: startFirefox, opensWindows: true },
]
const app = 'while (window.app === undefined) await new Promise((resolve) => setTimeout(resolve, 20));'

for (const { name, isHere, start, opensWindows } of browsers) {
  describe.skipIf(!isHere)(`in ${name}`, () => {
    let ims: Ims
    let site: Site
    let browser: DrivenBrowser
    let first: DrivenTab
    let second: DrivenTab

    beforeAll(async () => {
      ims = await startIms({ autoLogin: 'user@example.com', opaqueTokens: true })
      site = await startSite(ims.config)
      browser = await start()
      first = await browser.newTab()
      second = await browser.newTab()
      await first.open(`${site.origin}/`)
      await second.open(`${site.origin}/`)
    })
    afterAll(async () => {
      await browser?.close()
      site.close()
      await ims.close()
    })

    const token = (tab: DrivenTab, options = '{}') =>
      tab.run<{ ok?: string; error?: { code: string } }>(
        `${app} return window.outcome(window.app.client.getToken(${options}))`,
      )
    const granted = (grant: string) => ims.requests.filter(({ params }) => params.grant_type === grant).length

    test.each(['indexedDbStore', 'sessionStore', 'webLock'])('%s keeps its contract', async (name) => {
      const wrong = await first.run<string[]>(`${app}
        const { imskit, testing } = window
        const checks = []
        const collect = (title, run) => checks.push([title, run])
        const make = () => imskit['${name}']()
        if ('${name}' === 'webLock') testing.lockContract(collect, { makeLock: make })
        else testing.storeContract(collect, { makeStore: make })
        const wrong = checks.length > 4 ? [] : ['no checks']
        for (const [title, run] of checks) await run().catch((error) => wrong.push(title + ': ' + error))
        return wrong`)
      expect(wrong).toEqual([])
    })

    test('webLock stays with a tab that is running, and says which holding has it', async () => {
      const hold = (lease: number) => `${app}
        await new Promise((inside) => {
          void window.tabLock(${lease})('shared', (hold) => new Promise((release) => {
            Object.assign(window, { hold, release })
            inside()
          }))
        })
        return window.hold.id`
      const id = await first.run<string>(hold(45_000))
      await second.run(`${app}
        window.asked = 0
        new BroadcastChannel('imskit/locks').onmessage = ({ data }) => void ('alive' in data && window.asked++)
        window.taken = (async () => { ${hold(4_500)} })()
        const enough = () => window.asked >= 3
        while (!enough()) await new Promise((resolve) => setTimeout(resolve, 20))`)
      expect(await second.run('return window.hold?.id ?? null')).toBe(null)
      expect(await first.run('return window.hold.stillHeld()')).toBe(true)
      expect(await first.run(`return window.hold.hasEnded('${id}')`)).toBe(false)
      await first.run('window.release()')
      expect(await second.run('return window.taken')).not.toBe(id)
      expect(await second.run(`return window.hold.hasEnded('${id}')`)).toBe(true)
      await second.run('window.release()')
      await first.open(`${site.origin}/`)
      await second.open(`${site.origin}/`)
    })

    test('a login by redirect ends once, and is there in another tab and after a reload', async () => {
      await first.run(`${app} window.app.client.login({ returnTo: '/inbox' }).catch(() => {})`).catch(() => {})
      const place = () => first.run('return location.pathname').catch(String)
      await expect.poll(place, { timeout: 10_000 }).toBe('/callback')
      const [one, other] = await first.run<unknown[]>(`${app} return window.app.arrivals`)
      expect(one).toMatchObject({
        ok: { status: 'signedIn', returnTo: '/inbox', tokens: { accessToken: expect.any(String) } },
      })
      expect(other).toEqual(one)
      expect(await first.run('return location.href')).toBe(`${site.origin}/callback`)
      await first.open(`${site.origin}/`)
      expect(await token(first)).toEqual({ ok: expect.any(String) })
      expect(await token(second)).toEqual(await token(first))
      expect(granted('authorization_code')).toBe(1)
    })

    test('an API is sent the token, and the origin that it sends the call on to is not (S88)', async () => {
      const [api, stranger] = [await startApi(), await startApi()]
      const callers = await startSite({ ...ims.config, client: { allowedOrigins: [api.origin, stranger.origin] } })
      onTestFinished(() => {
        for (const each of [api, stranger, callers]) each.close()
      })
      await first.open(`${callers.origin}/`)
      await first.run(`${app} window.app.client.login().catch(() => {})`).catch(() => {})
      await expect
        .poll(() => first.run('return location.pathname').catch(String), { timeout: 10_000 })
        .toBe('/callback')
      const call = () =>
        first.run(`${app} await window.app.arrivals; return (await window.app.client.fetch('${api.origin}/x')).status`)
      expect(await call()).toBe(200)
      const { ok } = await token(first)
      expect(api.requests.at(-1)?.headers.authorization).toBe(`Bearer ${ok}`)
      api.elsewhere = `${stranger.origin}/taken`
      expect(await call()).toBe(200)
      expect(stranger.requests.at(-1)?.method).toBe('GET')
      expect(stranger.requests.map(({ headers }) => headers.authorization)).not.toContain(`Bearer ${ok}`)
      await first.open(`${site.origin}/`)
    })

    test('two tabs share one renewal and one logout (S40, S46)', async () => {
      const before = await token(second)
      const after = await token(first, '{ force: true }')
      expect(after).not.toEqual(before)
      await expect.poll(() => token(second)).toEqual(after)
      expect(granted('refresh_token')).toBe(1)
      await first.run('await window.app.client.logout()')
      await expect.poll(() => token(second)).toMatchObject({ error: { code: 'LOGIN_REQUIRED' } })
      expect(site.violations).toEqual([])
    })

    test('a login in a popup, opened by a click', async () => {
      const before = granted('authorization_code')
      await first.open(`${site.origin}/`)
      await first.run(`${app} window.onButton = () => window.app.client.login({ mode: 'popup' })`)
      await first.click()
      const outcome = await first.run('return await window.clicked')
      expect(await first.run('return location.pathname')).toBe('/')
      if (opensWindows) {
        expect(outcome).toEqual({ ok: expect.any(String) })
        expect(granted('authorization_code')).toBe(before + 1)
      } else {
        // its driver lets no page open a window, not even after a click: the error for a user with such a setting
        expect(outcome).toMatchObject({ error: { code: 'LOGIN_NOT_POSSIBLE' } })
        expect(granted('authorization_code')).toBe(before)
      }
    })

    test('a silent login, in a frame that goes again', async () => {
      const near = await startIms({ autoLogin: 'user@example.com', sameSite: true })
      const nearSite = await startSite(near.config)
      onTestFinished(async () => {
        nearSite.close()
        await near.close()
      })
      const silently = () =>
        first.run<{ ok?: string; error?: { code: string } }>(
          `${app} return window.outcome(window.app.client.login({ mode: 'silent' }))`,
        )
      await first.open(`${nearSite.origin}/`)
      expect(await silently()).toMatchObject({ error: { code: 'LOGIN_REQUIRED', imsError: 'login_required' } })
      await first.run(`${app} window.app.client.login().catch(() => {})`).catch(() => {})
      await expect
        .poll(() => first.run('return location.pathname').catch(String), { timeout: 10_000 })
        .toBe('/callback')
      await first.run(`${app} await window.app.arrivals`)
      const before = await token(first)
      const again = await silently()
      expect(again).toEqual({ ok: expect.any(String) })
      expect(again).not.toEqual(before)
      expect(await token(first)).toEqual(again)
      expect(await first.run('return document.querySelectorAll("iframe").length')).toBe(0)
      expect(nearSite.violations).toEqual([])
    })
  })
}
