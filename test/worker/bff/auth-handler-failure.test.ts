import { describe, expect, test } from 'vitest'
import { explainError } from '../../../src/adapters/worker/index.ts'
import { LoginRequiredError, UnavailableError } from '../../../src/core/errors.ts'
import { setting } from './setting.ts'

/** The texts of the failure page after the callback `query`. */
async function failurePage(query: string): Promise<{ status: number; text: string }> {
  const { visitor } = await setting()
  const browser = visitor()
  const { searchParams } = await browser.goToIms()
  const state = query.includes('state=') ? '' : `&state=${searchParams.get('state')}`
  const response = await browser.ask(`/auth/callback?${query}${state}`)
  const html = await response.text()
  return { status: response.status, text: html.replace(/<style>[\s\S]*?<\/style>|<[^>]+>/g, ' ').replace(/\s+/g, ' ') }
}

describe('the page after a login that failed', () => {
  test('has status 400 for a foreign state, and a link to try again', async () => {
    const { status, text } = await failurePage('code=a&state=foreign')
    expect(status).toBe(400)
    expect(text).toContain('Try again')
  })

  test('says that a canceled login changed nothing', async () => {
    const { status, text } = await failurePage('error=access_denied')
    expect(status).toBe(403)
    expect(text).toContain('Sign-in canceled')
    expect(text).toContain('You did not sign in. Nothing was changed.')
  })

  test.each([
    ['error=temporarily_unavailable', new UnavailableError('IMS_UNAVAILABLE', '')],
    ['code=a&state=foreign', new LoginRequiredError('STATE_MISMATCH', '')],
    ['error=consent_required', new LoginRequiredError('LOGIN_REQUIRED', '')],
  ])('has the sentence of explainError for %s, and no name or code of a program', async (query, error) => {
    const { text } = await failurePage(query)
    expect(text).toContain(explainError(error))
    expect(text).not.toMatch(/[A-Z]+_[A-Z]+|imskit|Error\b|callback|state\b/)
  })
})

test('a callback with a foreign state redirects a browser with a session to afterLogin, and changes nothing', async () => {
  const { visitor, emulator } = await setting({ afterLogin: '/home' })
  const browser = visitor()
  await browser.signIn()
  const before = await browser.session()
  const sent = emulator.requests.length
  const answer = await browser.ask('/auth/callback?code=a&state=foreign')
  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/home'])
  expect(answer.headers.getSetCookie()).toEqual([])
  expect(emulator.requests).toHaveLength(sent)
  expect(await browser.session()).toEqual(before)
})
