import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Outcome } from './fixtures/app.ts'
import { type Ims, startIms } from './ims.ts'
import { openPrerenderingTab, type PrerenderingTab } from './prerendering.ts'
import { type Site, startSite } from './site.ts'

// pages that the browser loads or renders before anyone asks for them (Speculation Rules)

let ims: Ims
let site: Site
let tab: PrerenderingTab

beforeAll(async () => {
  ims = await startIms({ autoLogin: 'user@example.com' })
  // a prerendered page waits for its turn however impatient it is
  site = await startSite({ ...ims.config, lease: 100 })
  tab = await openPrerenderingTab()
})
afterAll(async () => {
  await tab.close()
  site.close()
  await ims.close()
})
afterEach(() => expect(site.violations).toEqual([]))

const codesSent = () => ims.requests.filter(({ params }) => params.grant_type === 'authorization_code').length
const renewals = () => ims.granted('refresh_token')

const soon = <T>(read: () => T) => expect.poll(read, { timeout: 10_000 })

/** Opens the app in a browser that preloads the targets of links. */
async function openApp(ahead: 'prefetch' | 'prerender'): Promise<void> {
  site.configure({ headers: { 'speculation-rules': `"/${ahead}.json"` } })
  await tab.open(`${site.origin}/${ahead}`)
  await soon(() => tab.run(`return location.pathname === '/${ahead}' && window.app !== undefined`)).toBe(true)
}

/** Starts a login and requests its callback, which no page has opened yet. */
async function answerOfIms(): Promise<string> {
  const url = await tab.run<string>('return (await app.client.startLogin()).href')
  return (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? ''
}

const link = (href: string) =>
  tab.run(`document.body.append(Object.assign(document.createElement('a'), { href: ${JSON.stringify(href)} }))`)
const follow = () => tab.run('document.querySelector("a").click()')
/** The results of both calls of `handleRedirect` on the visible page. */
async function arrived(): Promise<[Outcome, Outcome]> {
  await soon(() => tab.run('return location.pathname === "/callback" && window.app !== undefined')).toBe(true)
  return tab.run('return app.arrivals')
}
const loaded = (path: string) => site.requests.filter((url) => url.startsWith(path))

test('a callback that is prefetched redeems its code when it is opened', async () => {
  await openApp('prefetch')
  const before = codesSent()
  const callback = await answerOfIms()
  await link(callback)
  const { pathname, search } = new URL(callback)
  await soon(() => loaded(pathname + search)).toHaveLength(1)
  expect(codesSent()).toBe(before)
  await follow()
  expect(await arrived()).toMatchObject([
    { ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } } },
    { ok: expect.anything() },
  ])
  // the page is the one that was fetched ahead
  expect(loaded(pathname + search)).toHaveLength(1)
  expect(codesSent()).toBe(before + 1)
})

test('a callback that is prerendered redeems its code when it becomes visible', async () => {
  await openApp('prerender')
  const before = codesSent()
  const callback = await answerOfIms()
  await link(callback)
  // it runs, is asked, and has cleared its address
  const prerendered = 'return [document.prerendering, window.app !== undefined, location.href]'
  await soon(() => tab.run(prerendered, 'prerendered')).toEqual([true, true, `${site.origin}/callback`])
  await tab.run('await new Promise((resolve) => setTimeout(resolve, 500))', 'prerendered')
  expect(codesSent()).toBe(before)
  await follow()
  expect(await arrived()).toMatchObject([
    { ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } } },
    { ok: expect.anything() },
  ])
  expect(await tab.run<number>('return performance.getEntriesByType("navigation")[0].activationStart')).toBeGreaterThan(
    0,
  )
  expect(await tab.run('return location.href')).toBe(`${site.origin}/callback`)
  expect(codesSent()).toBe(before + 1)
})

test('a page that is prerendered and never visible redeems no code', async () => {
  await openApp('prerender')
  const before = [codesSent(), renewals()]
  const callback = await answerOfIms()
  await link(callback)
  await soon(() => tab.run('return window.app !== undefined', 'prerendered')).toBe(true)
  await tab.run('void app.client.getToken({ force: true }).catch(() => {})', 'prerendered')
  await tab.run('await new Promise((resolve) => setTimeout(resolve, 500))', 'prerendered')
  expect([codesSent(), renewals()]).toEqual(before)
  // the visible page can still finish the login
  site.configure({ headers: {} })
  await tab.open(callback)
  expect(await arrived()).toMatchObject([
    { ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } } },
    { ok: expect.anything() },
  ])
  expect([codesSent(), renewals()]).toEqual([(before[0] ?? 0) + 1, before[1]])
})

test('a relay page that is prerendered does not send its callback before it becomes visible', async () => {
  await openApp('prerender')
  await tab.run(`
    window.heard = []
    new BroadcastChannel('imskit/callback').onmessage = ({ data }) => window.heard.push(data.type)`)
  const say = 'new BroadcastChannel("imskit/callback").postMessage({ type: "control" })'
  await tab.run(say)
  await soon(() => tab.run('return window.heard')).toEqual(['control'])
  await link('/relay?code=c&state=s')
  await soon(() => tab.run('return location.href', 'prerendered')).toBe(`${site.origin}/relay`)
  await tab.run('await new Promise((resolve) => setTimeout(resolve, 500))', 'prerendered')
  expect(await tab.run('return window.heard')).toEqual(['control'])
})
