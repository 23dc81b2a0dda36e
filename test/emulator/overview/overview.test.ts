import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type EmulatorOptions, type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { useBrowser } from '../../browser/browser.ts'
import { post, publicCode } from '../person.ts'

const newContext = useBrowser()
let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

async function start(options: EmulatorOptions = {}): Promise<RunningEmulator> {
  const own = await startEmulator(options)
  onTestFinished(() => own.close())
  return own
}

async function open({ url }: RunningEmulator): Promise<Page> {
  const page = await (await newContext()).newPage()
  await page.goto(url)
  return page
}

/** A token request of the machine's client, or of another one. */
const takeToken = ({ url }: RunningEmulator, change: Record<string, string> = {}) => {
  const client = { client_id: 'emulator-server-to-server', client_secret: 'emulator-first-secret' }
  return post(`${url}/ims/token/v3`, { grant_type: 'client_credentials', scope: 'openid', ...client, ...change })
}

/** The button with this label in a part of the page, pressed; resolves when the page is there again. */
async function press(page: Page, name: string | RegExp): Promise<void> {
  await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'POST'),
    page.getByRole('button', { name }).first().click(),
  ])
  await page.waitForLoadState('load')
}

const rowsOf = (page: Page, part: string) => page.locator(`#live-${part} tbody tr`)

describe('the overview', () => {
  test('shows the address, contexts behind a click, and the last requests without secrets', async () => {
    await takeToken(emulator)
    const page = await open(emulator)
    expect(await page.getByText(`AIO_IMS_CONFIG_ENDPOINT=${emulator.url}`).isVisible()).toBe(true)
    const secret = page.locator('#contexts').getByText('emulator-first-secret')
    expect(await secret.isVisible()).toBe(false)
    await page.getByText('oauth_server_to_server', { exact: true }).click()
    expect(await secret.isVisible()).toBe(true)
    const row = page.getByRole('row').filter({ hasText: 'POST /ims/token/v3' }).first()
    expect(await row.textContent()).toContain('client_secret=[redacted]')
    // requests of the page itself are not requests to IMS
    expect(emulator.requests.filter(({ path }) => path === '/')).toEqual([])
  })

  test('shows new requests by itself, with their clients and why they were refused, and keeps the focus', async () => {
    const own = await start()
    await takeToken(own)
    const page = await open(own)
    await page.evaluate('window.loadedOnce = true')
    const expire = page.getByRole('button', { name: /^Expire now: access_token of emulator-server-to-server/ })
    await expire.focus()
    await takeToken(own, { client_id: 'nobody' })
    await fetch(`${own.url}/ims/userinfo/v2`, { headers: { authorization: 'Bearer x', 'x-api-key': '<b>me</b>' } })
    const [newest, before] = [rowsOf(page, 'requests').nth(0), rowsOf(page, 'requests').nth(1)]
    await newest.getByText('GET /ims/userinfo/v2').waitFor()
    expect(await newest.textContent()).toContain('401<b>me</b>invalid_token: this emulator did not issue the token')
    const why = "invalid_client: client 'nobody' is unknown; known clients: emulator-jwt, emulator-server-to-server,"
    expect(await before.textContent()).toContain(`400nobody${why}`)
    expect(await page.evaluate('window.loadedOnce')).toBe(true)
    // the part with this button is replaced when it changes
    await takeToken(own)
    await rowsOf(page, 'tokens').nth(1).waitFor()
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Expire now')
  })

  test('says if the emulator does not answer any more', async () => {
    const own = await startEmulator()
    const page = await open(own)
    expect(await page.getByText('The emulator does not answer').isVisible()).toBe(false)
    await own.close()
    await page.getByText('The emulator does not answer').waitFor()
  })

  test('says why a redirect URI was not used, and why a fault was', async () => {
    const own = await start()
    const { client_id } = own.contexts.oauth
    const silent = { client_id, scope: 'openid', prompt: 'none', redirect_uri: 'https://app.example.com/' }
    await fetch(`${own.url}/ims/authorize/v2?${new URLSearchParams(silent)}`, { redirect: 'manual' })
    own.fault({ path: '/ims/keys', status: 503, delay: 1 })
    await fetch(`${own.url}/ims/keys`)
    own.fault({ path: '/ims/keys', drop: 'before' })
    await fetch(`${own.url}/ims/keys`).catch(() => {})
    const reasons = own.requests.map(({ reason }) => reason)
    expect(reasons[0]).toMatch(
      /^redirect_uri 'https:\/\/app\.example\.com\/' matches no redirect URI of client 'emulator-web-app': https\?:.+; redirected to the default redirect URI of the client, as IMS does; login_required: the user is not signed in$/,
    )
    expect(reasons.slice(1)).toEqual(['fault: answers 503, waits 0.001 s', 'fault: drops the connection (before)'])
    const html = await (await fetch(own.url)).text()
    expect(html).toContain('redirect_uri &#39;https://app.example.com/&#39; matches no redirect URI')
  })

  test('its buttons make the next token request fail, and show what is left of each fault', async () => {
    const own = await start()
    own.fault({ path: /^\/ims\/(profile|userinfo)/, method: 'GET', drop: 'after', times: 2 })
    own.fault({ path: '/ims/keys', status: 500, times: Number.POSITIVE_INFINITY })
    const page = await open(own)
    await press(page, 'Unavailable (503)')
    const armed = () => rowsOf(page, 'faults').allTextContents()
    expect(await armed()).toEqual([
      'GET /^\\/ims\\/(profile|userinfo)/drops the connection (after)2 requestsRemove',
      'any method /ims/keys…answers 500every requestRemove',
      'any method /ims/token…answers 5031 requestRemove',
    ])
    await fetch(`${own.url}/ims/profile/v1`).catch(() => {})
    await page.getByText('1 request', { exact: true }).nth(1).waitFor()
    expect((await takeToken(own)).status).toBe(503)
    expect((await takeToken(own)).status).toBe(200)
    await page.getByText('/ims/token…').waitFor({ state: 'detached' })
    await press(page, /^Remove: answers 500 at any method/)
    expect(await armed()).toHaveLength(1)
    expect((await fetch(`${own.url}/ims/keys`)).status).toBe(200)
    await press(page, 'Rejected')
    await press(page, 'Remove all faults')
    expect(await page.locator('#live-faults').textContent()).toBe('No fault is armed.')
    expect((await takeToken(own)).status).toBe(200)
  })

  test('an expired token is refused, and the next one is not', async () => {
    const own = await start()
    const tokens = (
      await post(`${own.url}/ims/token/v3`, { grant_type: 'authorization_code', ...(await publicCode(own)) })
    ).body
    const page = await open(own)
    const states = async () =>
      (await rowsOf(page, 'tokens').allTextContents()).map((text) => text.replace(/\d{4}-.*?:\d\d:\d\d/, ' '))
    expect(await states()).toEqual([
      expect.stringMatching(/^access_tokenemulator-publicuser@example\.comopenid, .* validExpire now$/),
      expect.stringMatching(/^refresh_tokenemulator-public.* validExpire now$/),
      expect.stringMatching(/^authorization_codeemulator-public.* redeemed$/),
    ])
    expect(await page.content()).not.toContain(tokens.access_token)
    await press(page, /^Expire now: access_token/)
    const authorization = `Bearer ${tokens.access_token}`
    expect((await fetch(`${own.url}/ims/profile/v1`, { headers: { authorization } })).status).toBe(401)
    expect(own.requests.at(-1)?.reason).toBe('invalid_token: the access token has expired')
    expect((await states())[0]).toMatch(/ expired$/)
    const refresh = { grant_type: 'refresh_token', client_id: 'emulator-public', refresh_token: tokens.refresh_token }
    expect((await post(`${own.url}/ims/token/v3`, refresh)).status).toBe(200)
  })

  test('the clock is advanced and reset', async () => {
    const own = await start()
    const { body } = await takeToken(own)
    const valid = async () => {
      const form = { client_id: 'emulator-server-to-server', token: body.access_token, type: 'access_token' }
      return (await post(`${own.url}/ims/validate_token/v1`, form)).body
    }
    const page = await open(own)
    const clock = page.locator('#live-clock')
    expect(await clock.textContent()).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, as this machine$/)
    await press(page, 'Advance by 1 hour')
    expect(await clock.textContent()).toMatch(/advanced by 1 hour$/)
    expect(await valid()).toMatchObject({ valid: true })
    await press(page, 'Advance by 1 day')
    expect(await clock.textContent()).toMatch(/advanced by 25 hours$/)
    expect(await valid()).toEqual({ valid: false, reason: 'expired' })
    await press(page, 'Reset the clock')
    expect(await clock.textContent()).toMatch(/as this machine$/)
    expect(await valid()).toMatchObject({ valid: true })
    own.setTime(Date.UTC(2030, 0, 1))
    await clock.getByText('2030-01-01 00:00:00 UTC').waitFor()
    await press(page, 'Advance by 1 day')
    expect(await clock.textContent()).toBe('2030-01-02 00:00:00 UTC, stopped by setTime')
  })

  test('lists clients with redirect URIs and secrets, and users', async () => {
    const own = await start({
      redirectUris: ['https://app.example/callback'],
      clients: [{ clientId: 'mine', clientSecrets: ['my-secret'], redirectUris: [/https:\/\/app\.example\/.*/] }],
      users: [{ email: 'a@example.com' }, { email: 'b@example.com', password: 'secret-of-b' }],
    })
    const page = await open(own)
    await page.locator('#clients summary').getByText('mine', { exact: true }).click()
    const mine = page.locator('#clients details[open]')
    expect(await mine.textContent()).toContain('my-secret')
    expect(await mine.textContent()).toContain('https://app\\.example/.*')
    await mine.getByText('mine', { exact: true }).click()
    await page.locator('#clients summary').getByText('emulator-public', { exact: true }).click()
    expect(await page.locator('#clients details[open]').textContent()).toMatch(
      /none: a public client.*https:\/\/app\.example\/callback/,
    )
    const users = await page.locator('#users tbody tr').allTextContents()
    expect(users[0]).toMatch(/^a@example\.comSample Userany/)
    expect(users[1]).toMatch(/^b@example\.comSample Userits own/)
    expect(await page.content()).not.toContain('secret-of-b')
  })

  test('no other site can press its buttons, and no request without the token of the page', async () => {
    const own = await start()
    const html = await (await fetch(own.url)).text()
    const token = /name="form_token" value="([^"]+)"/.exec(html)?.[1] ?? ''
    expect(token).not.toBe('')
    const send = (form_token: string, headers: Record<string, string> = {}, action: Record<string, string> = {}) =>
      fetch(own.url, {
        method: 'POST',
        redirect: 'manual',
        headers,
        body: new URLSearchParams({ form_token, fault: 'Unavailable (503)', ...action }),
      })
    expect((await send('guessed')).status).toBe(403)
    expect((await send(token, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await takeToken(own)).status).toBe(200)
    expect((await send(token, { origin: own.url })).status).toBe(303)
    expect((await takeToken(own)).status).toBe(503)
    // what no button sends changes nothing
    const odd: Record<string, string>[] = [
      { advance: '-1' },
      { advance: '1e99' },
      { expire: 'x' },
      { remove: 'x' },
      { fault: 'toString' },
    ]
    for (const action of odd) {
      const body = new URLSearchParams({ form_token: token, ...action })
      expect((await fetch(own.url, { method: 'POST', redirect: 'manual', body })).status).toBe(303)
    }
    expect((await takeToken(own)).status).toBe(200)
    // the parts that change have no form token, and another site cannot read them
    const live = await fetch(`${own.url}/?live`, { headers: { origin: 'https://evil.example' } })
    expect(live.headers.get('access-control-allow-origin')).toBeNull()
    expect(await live.text()).not.toContain(token)
  })
})
