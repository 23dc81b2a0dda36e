import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { useBrowser } from '../../browser/browser.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const newContext = useBrowser()
let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } }
    return (await axe.run()).violations.map(({ id }) => id)
  })
}

async function open(path: string, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
  const page = await (await newContext()).newPage()
  await page.emulateMedia({ colorScheme })
  await page.goto(emulator.url + path)
  return page
}

const authorize = `/ims/authorize/v2?${new URLSearchParams({
  client_id: 'emulator-public',
  redirect_uri: 'http://localhost:9/callback',
  scope: 'openid,profile',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
})}`
const takeToken = () =>
  fetch(`${emulator.url}/ims/token/v3`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'emulator-server-to-server',
      client_secret: 'emulator-first-secret',
      scope: 'openid',
    }),
  })

describe('the pages of the emulator', () => {
  test.each(['light', 'dark'] as const)('have no barrier that axe knows, %s', async (colorScheme) => {
    await takeToken()
    const overview = await open('/', colorScheme)
    expect(await barriers(overview)).toEqual([])
    const signIn = await open(authorize, colorScheme)
    expect(await barriers(signIn)).toEqual([])
    await signIn.getByLabel('Email address').fill('nobody@example.com')
    await signIn.getByRole('button', { name: 'Sign in' }).click()
    await signIn.getByRole('alert').waitFor()
    expect(await barriers(signIn)).toEqual([])
    await signIn.getByLabel('Email address').fill('user@example.com')
    await signIn.getByLabel('Password').fill('any')
    await signIn.getByRole('button', { name: 'Sign in' }).click()
    await signIn.getByRole('button', { name: 'Allow access' }).waitFor()
    expect(await barriers(signIn)).toEqual([])
    const signedOut = await open('/ims/logout/v1?client_id=emulator-public', colorScheme)
    await signedOut.getByRole('heading', { name: 'Signed out' }).waitFor()
    expect(await barriers(signedOut)).toEqual([])
  })

  test.each(['/', authorize])('fit a telephone', async (path) => {
    const page = await open(path)
    await page.setViewportSize({ width: 360, height: 740 })
    for (const summary of await page.locator('summary').all()) await summary.click()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  })
})

const authorizeWith = (change: Record<string, string>, url = emulator.url) => {
  const address = new URL(url + authorize)
  for (const [name, value] of Object.entries(change)) address.searchParams.set(name, value)
  return address.href
}

describe('a page says what to do', () => {
  const linksOf = (page: Page) =>
    page
      .getByRole('main')
      .getByRole('link')
      .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href))

  test('any password works, and the users are known', async () => {
    const page = await open(authorize)
    expect(await page.getByLabel('Password').getAttribute('aria-describedby')).toBe('hint')
    expect(await page.locator('#hint').textContent()).toBe('Any password works, an empty one too.')
    await page.getByLabel('Email address').fill('nobody@example.com')
    await page.getByRole('button', { name: 'Sign in' }).click()
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.textContent()).toBe(
      "The emulator does not know the user 'nobody@example.com'. It knows: user@example.com.",
    )
    expect(emulator.requests.at(-1)?.reason).toBe(await alert.textContent())
  })

  test('the users who need their own password are named', async () => {
    const own = await startEmulator({ users: [{ email: 'a@example.com' }, { email: 'b@example.com', password: 'b' }] })
    onTestFinished(() => own.close())
    const page = await (await newContext()).newPage()
    await page.goto(own.url + authorize)
    expect(await page.locator('#hint').textContent()).toBe('Any password works, except for b@example.com.')
    await page.getByLabel('Email address').fill('b@example.com')
    await page.getByRole('button', { name: 'Sign in' }).click()
    expect(await page.getByRole('alert').textContent()).toBe("The password of 'b@example.com' is wrong.")
  })

  test('an unknown client: the known ones, and links to the app and to the overview', async () => {
    const page = await (await newContext()).newPage()
    await page.goto(authorizeWith({ client_id: 'my-app', redirect_uri: 'http://localhost:5173/callback' }))
    const text = await page.getByRole('main').textContent()
    expect(text).toContain("Client 'my-app' is unknown; known clients: emulator-jwt, emulator-server-to-server,")
    expect(await linksOf(page)).toEqual(['http://localhost:5173/', `${emulator.url}/`])
    expect(await barriers(page)).toEqual([])
    // no link runs a script
    await page.goto(authorizeWith({ client_id: 'my-app', redirect_uri: 'javascript:alert(1)' }))
    expect(await linksOf(page)).toEqual([`${emulator.url}/`])
  })

  test('a redirect URI that no pattern matches: the default one, as at IMS, which says why', async () => {
    const own = await startEmulator({ autoLogin: 'user@example.com', redirectUris: [/https:\/\/app\.example\/.*/] })
    onTestFinished(() => own.close())
    const page = await (await newContext()).newPage()
    await page.goto(authorizeWith({ redirect_uri: 'https://other.example/callback' }, own.url))
    expect(new URL(page.url()).pathname).toBe('/default-redirect')
    const text = await page.getByRole('main').textContent()
    expect(text).toContain(
      "Redirect_uri 'https://other.example/callback' matches no redirect URI of client 'emulator-public'",
    )
    expect(text).toContain('https://app\\.example/.*')
    expect(text).toContain('--redirect-uri')
    expect(await linksOf(page)).toEqual(['https://other.example/', `${own.url}/`])
    // and one that a pattern of the option matches works
    const answer = await fetch(authorizeWith({ redirect_uri: 'https://app.example/x' }, own.url), {
      redirect: 'manual',
    })
    expect(answer.headers.get('location')).toMatch(/^https:\/\/app\.example\/x\?code=/)
  })

  test.each([
    '/default-redirect',
    '/ims/logout/v1',
    '/api/v1/web/default/applogin/error',
    '/api/v1/web/default/applogin/signed-in',
  ])('no dead end at %s', async (path) => {
    expect(await linksOf(await open(path))).toContain(`${emulator.url}/`)
  })

  test('signed out, but not redirected: why, and back to the app', async () => {
    const query = new URLSearchParams({ client_id: 'emulator-public', redirect_uri: 'https://other.example/' })
    const page = await open(`/ims/logout/v1?${query}`)
    expect(await page.getByRole('main').textContent()).toContain(
      "You were not redirected to 'https://other.example/': it is not registered for client 'emulator-public'",
    )
    expect(await linksOf(page)).toEqual(['https://other.example/', `${emulator.url}/`])
  })
})
