import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { useBrowser } from '../browser/browser.ts'
import { fromExamples, type Started, startExample } from '../examples/example.ts'
import { cutIn, type Faults, lookAt } from '../kit/looks.ts'
import { authorizationUrl, callbackUrl, startTrip, state } from '../node/login/kit/loopback.ts'

// every page that imskit and its examples show; the documentation is in test/docs/looks.test.ts

const newContext = useBrowser()
const newPage = async () => (await newContext()).newPage()

/** Looks at what a page shows one after the other. */
function gallery(page: Page) {
  const faults: Record<string, readonly string[]> = {}
  return {
    async look(name: string): Promise<void> {
      Object.assign(faults, await lookAt(page, name))
    },
    faults: (): Faults => faults,
  }
}

async function signIn(page: Page): Promise<void> {
  await page.getByLabel('Password').fill('any')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Allow access' }).click()
}

describe('the pages of the emulator', () => {
  let emulator: RunningEmulator
  beforeAll(async () => {
    emulator = await startEmulator()
  })
  afterAll(() => emulator.close())

  const authorize = (more: Record<string, string> = {}) =>
    `${emulator.url}/ims/authorize/v2?${new URLSearchParams({
      client_id: emulator.contexts.oauth_public.client_id,
      redirect_uri: 'http://localhost:9/callback',
      scope: 'openid,profile,email,offline_access,additional_info.projectedProductContext',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      ...more,
    })}`

  test('overview, sign-in, consent, messages, errors', async () => {
    const page = await newPage()
    const { look, faults } = gallery(page)
    await page.goto(authorize({ client_id: 'unknown' }))
    await look('emulator-error')
    await page.goto(authorize({ scope: 'openid,profile' }))
    await look('emulator-sign-in')
    await page.getByLabel('Email address').fill('nobody@example.com')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').waitFor()
    await look('emulator-sign-in-alert')
    await page.getByLabel('Email address').fill('user@example.com')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Allow access' }).waitFor()
    await look('emulator-consent')
    await page.goto(`${emulator.url}/ims/logout/v1?client_id=${emulator.contexts.oauth_public.client_id}`)
    await look('emulator-signed-out')
    await fetch(`${emulator.url}/ims/token/v3`, { method: 'POST', body: new URLSearchParams({ grant_type: 'x' }) })
    await page.goto(emulator.url)
    await look('emulator-overview')
    for (const summary of await page.locator('summary').all()) await summary.click()
    await look('emulator-overview-open')
    expect(faults()).toEqual({})
  })
})

test('the loopback pages of a login: success, refusal, another address, a used link', async () => {
  const page = await newPage()
  const { look, faults } = gallery(page)
  const failing = await startTrip()
  const failed = failing.trip.navigate(authorizationUrl)
  await page.goto(`${failing.trip.redirectUri}?error=invalid_scope`)
  await look('loopback-another-callback')
  const refusal = { error: 'invalid_scope', error_description: 'a-scope-that-is-not-yours'.repeat(9), state }
  await page.goto(`${failing.trip.redirectUri}?${new URLSearchParams(refusal)}`)
  await failed
  await look('loopback-failure')
  const opened: string[] = []
  const { trip } = await startTrip({ open: (url) => void opened.push(url) })
  const arrived = trip.navigate(authorizationUrl)
  await page.goto(callbackUrl(trip))
  await arrived
  await look('loopback-success')
  expect(faults()).toEqual({})
})

describe('the examples', () => {
  const started: { close(): Promise<void> }[] = []
  afterAll(() => Promise.all(started.map((each) => each.close())))

  async function visit<Example extends { url: string; close(): Promise<void> }>(example: Promise<Example>) {
    const running = await example
    started.push(running)
    const page = await newPage()
    await page.goto(running.url)
    return { page, url: running.url, ...gallery(page) }
  }

  test('script-tag', async () => {
    const { serve } = await fromExamples<{ serve(): Promise<Started> }>('serve.mjs')
    const { page, look, faults } = await visit(serve())
    await page.getByRole('heading', { name: 'Welcome' }).waitFor()
    await look('script-tag-signed-out')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await signIn(page)
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    await look('script-tag-signed-in')
    expect(faults()).toEqual({})
  })

  test.each(['spa', 'react-spa'])('%s', async (name) => {
    const { start } = await fromExamples<{ start(options: object): Promise<Started> }>('spa/start.mjs')
    const options = name === 'spa' ? {} : { root: new URL('../../examples/react-spa/', import.meta.url).pathname }
    const { page, look, faults } = await visit(start(options))
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await look(`${name}-signed-out`)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await signIn(page)
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    await look(`${name}-signed-in`)
    expect(faults()).toEqual({})
  })

  test('worker-bff, and the failure page of the worker', async () => {
    const { page, url, look, faults } = await visit(startExample('worker-bff'))
    await page.getByRole('heading', { name: 'Welcome' }).waitFor()
    await look('worker-bff-signed-out')
    await page.goto(`${url}auth/callback?error=access_denied&state=unknown`)
    await look('worker-failure')
    await page.goto(`${url}auth/login`)
    await signIn(page)
    await page.getByRole('button', { name: 'Call the API' }).click()
    await page.locator('#answer').filter({ hasText: 'client_id' }).waitFor()
    await look('worker-bff-signed-in')
    expect(faults()).toEqual({})
  })
})

test('what is cut is found: a control', async () => {
  const page = await newPage()
  const cutBy = async (style: string) => {
    await page.setContent(`<main style="width:200px"><p style="${style}"><span>${'x'.repeat(80)}</span></p></main>`)
    return (await cutIn(page)).length > 0
  }
  await page.setViewportSize({ width: 390, height: 800 })
  expect(await cutBy('overflow-wrap:anywhere')).toBe(false)
  expect(await cutBy('')).toBe(true)
  expect(await cutBy('overflow:hidden')).toBe(true)
  expect(await cutBy('overflow:auto')).toBe(true)
})
