import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { post } from '../emulator/person.ts'
import { useBrowser } from './browser.ts'
import { type Site, startSite } from './site.ts'

// oidc-client-ts as published, in Chromium: it is given the issuer, and finds the rest by discovery

const newContext = useBrowser()
let emulator: RunningEmulator
let site: Site

beforeAll(async () => {
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
  const { client_id } = emulator.contexts.oauth_public
  const scopes = ['openid', 'profile', 'email', 'offline_access']
  site = await startSite(
    { clientId: client_id, endpoint: emulator.url, issuers: [emulator.url], scopes },
    { app: 'discovery' },
  )
})
afterAll(async () => {
  site.close()
  await emulator.close()
})

async function isValid(token: string | undefined): Promise<unknown> {
  const { client_id } = emulator.contexts.oauth_public
  const params = { token: token ?? '', type: 'access_token', client_id }
  return (await post(`${emulator.url}/ims/validate_token/v1`, params)).body.valid
}

test('oidc-client-ts signs in, renews and revokes', async () => {
  const page = await (await newContext()).newPage()
  await page.goto(site.origin)
  await page.waitForFunction(() => window.discovery !== undefined)
  await page.evaluate(() => void window.discovery.manager.signinRedirect())
  await page.waitForURL('**/callback*')
  await page.waitForFunction(() => window.discovery !== undefined)
  const paths = () => emulator.requests.map(({ path }) => path)
  expect(paths()).toContain('/.well-known/openid-configuration')
  const user = await page.evaluate(async () => {
    const { manager } = window.discovery
    const found = await manager.getUser()
    return { email: found?.profile.email, token: found?.access_token, expired: found?.expired }
  })
  expect(user).toMatchObject({ email: 'user@example.com', expired: false })
  expect(await isValid(user.token)).toBe(true)

  const renewed = await page.evaluate(async () => (await window.discovery.manager.signinSilent())?.access_token)
  expect(renewed).not.toBe(user.token)
  expect(await isValid(renewed)).toBe(true)

  await page.evaluate(() => window.discovery.manager.revokeTokens(['access_token']))
  expect(await isValid(renewed)).toBe(false)
  expect(paths().slice(-2)).toEqual(['/ims/revoke', '/ims/validate_token/v1'])
  expect(site.violations).toEqual([])
})
