import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DrivenBrowser, DrivenTab } from './driven-browser.ts'
import { firefoxIsHere, startFirefox } from './firefox.ts'
import { type Ims, startIms } from './ims.ts'
import { type Site, startSite } from './site.ts'
import { startWebKit, webKitIsHere } from './webkit.ts'

const browsers = [
  { name: 'WebKit', isHere: webKitIsHere, start: startWebKit },
  { name: 'Firefox', isHere: firefoxIsHere, start: startFirefox },
]
const app = 'while (window.app === undefined) await new Promise((resolve) => setTimeout(resolve, 20));'

for (const { name, isHere, start } of browsers) {
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

    test('a login by redirect ends once, and is there in another tab and after a reload', async () => {
      await first.run(`${app} window.app.client.login({ returnTo: '/inbox' }).catch(() => {})`).catch(() => {})
      const place = () => first.run('return location.pathname').catch(String)
      await expect.poll(place, { timeout: 10_000 }).toBe('/callback')
      const [one, other] = await first.run<unknown[]>(`${app} return window.app.arrivals`)
      expect(one).toMatchObject({ ok: { token: expect.any(String), returnTo: '/inbox' } })
      expect(other).toEqual(one)
      expect(await first.run('return location.href')).toBe(`${site.origin}/callback`)
      await first.open(`${site.origin}/`)
      expect(await token(first)).toEqual({ ok: expect.any(String) })
      expect(await token(second)).toEqual(await token(first))
      expect(granted('authorization_code')).toBe(1)
    })

    test('two tabs share one renewal and one logout', async () => {
      const before = await token(second)
      const after = await token(first, '{ force: true }')
      expect(after).not.toEqual(before)
      await expect.poll(() => token(second)).toEqual(after)
      expect(granted('refresh_token')).toBe(1)
      await first.run('await window.app.client.logout()')
      await expect.poll(() => token(second)).toMatchObject({ error: { code: 'LOGIN_REQUIRED' } })
      expect(site.violations).toEqual([])
    })
  })
}
