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

describe('the overview', () => {
  test('shows the address, contexts behind a click, and the last requests without secrets', async () => {
    await takeToken()
    const page = await open('/')
    expect(await page.getByText(`AIO_IMS_CONFIG_ENDPOINT=${emulator.url}`).isVisible()).toBe(true)
    const secret = page.getByText('emulator-first-secret')
    expect(await secret.isVisible()).toBe(false)
    await page.getByText('oauth_server_to_server', { exact: true }).click()
    expect(await secret.isVisible()).toBe(true)
    const row = page.getByRole('row').filter({ hasText: 'POST /ims/token/v3' }).first()
    expect(await row.textContent()).toContain('client_secret=[redacted]')
    // it is no request of an IMS
    expect(emulator.requests.filter(({ path }) => path === '/')).toEqual([])
  })

  test('says why a request was refused, or why its redirect URI was not used', async () => {
    const own = await startEmulator()
    onTestFinished(() => own.close())
    const { client_id, client_secrets } = own.contexts.oauth_server_to_server
    const form = { grant_type: 'client_credentials', client_id, client_secret: client_secrets[0] ?? '' }
    await fetch(`${own.url}/ims/token/v3`, { method: 'POST', body: new URLSearchParams(form) })
    const { client_id: user } = own.contexts.oauth
    const silent = { client_id: user, scope: 'openid', prompt: 'none', redirect_uri: 'https://app.example.com/' }
    await fetch(`${own.url}/ims/authorize/v2?${new URLSearchParams(silent)}`, { redirect: 'manual' })
    await fetch(`${own.url}/ims/keys`)
    const overview = await (await fetch(own.url)).text()
    const rows = [...overview.matchAll(/<tr><td>.*?<\/tr>/g)].map(([row]) => row)
    expect(rows[0]).toContain('<td>GET /ims/keys</td><td>200</td><td></td>')
    const notes = 'redirect_uri is not registered for the client, so its default one was used; login_required: '
    expect(rows[1]).toContain(`<td>302</td><td>${notes}`)
    expect(rows[2]).toContain('<td>400</td><td>invalid_scope: missing scope parameter</td>')
  })

  test('its buttons make the next token request fail, and take that back', async () => {
    const page = await open('/')
    const press = (name: string) =>
      Promise.all([
        page.waitForResponse((response) => response.request().method() === 'POST'),
        page.getByRole('button', { name }).click(),
      ])
    await press('Unavailable (503)')
    expect((await takeToken()).status).toBe(503)
    expect((await takeToken()).status).toBe(200)
    await press('Rejected')
    await press('Remove all faults')
    expect((await takeToken()).status).toBe(200)
  })

  test('no other site can press them, and none without the token of the page', async () => {
    const html = await (await fetch(emulator.url)).text()
    const token = /name="form_token" value="([^"]+)"/.exec(html)?.[1] ?? ''
    const press = (form_token: string, headers: Record<string, string> = {}) =>
      fetch(emulator.url, {
        method: 'POST',
        redirect: 'manual',
        headers,
        body: new URLSearchParams({ form_token, fault: 'Unavailable (503)' }),
      })
    expect((await press('guessed')).status).toBe(403)
    expect((await press(token, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await takeToken()).status).toBe(200)
    expect((await press(token, { origin: emulator.url })).status).toBe(303)
    expect((await takeToken()).status).toBe(503)
  })
})
