import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { authorizeUrl, createPerson, post } from '../person.ts'

let emulator: RunningEmulator
const redirect_uri = 'https://app.example/'
const request = { client_id: 'app', scope: 'openid', redirect_uri }

beforeAll(async () => {
  emulator = await startEmulator({
    users: [{ email: 'known@example.com', password: 'secret' }],
    clients: [{ clientId: 'app', clientSecrets: ['s'], redirectUris: [redirect_uri], consent: false }],
  })
})
afterAll(() => emulator.close())

const start = async (parameters: Record<string, string>) => {
  const person = createPerson(emulator)
  return { person, form: await person.visit(authorizeUrl(emulator, { ...request, ...parameters })) }
}

async function userOf(url: URL): Promise<unknown> {
  const code = url.searchParams.get('code') ?? ''
  const client = { client_id: 'app', client_secret: 's' }
  const { body } = await post(`${emulator.url}/ims/token/v3`, { grant_type: 'authorization_code', code, ...client })
  return decodeJwt(body.access_token).user_id
}

describe('create_account', () => {
  const signUp = { idp_flow: 'create_account' }

  test('shows a form without a suggestion, and its user can sign in from then on', async () => {
    const { person, form } = await start(signUp)
    expect(form.page).toContain('<h1>Create an account</h1>')
    expect(form.page).not.toMatch(/type="password"|value="known@example.com" list/)
    const userId = await userOf((await person.press(form, 'sign-in', { email: 'new@example.com' })).url)
    const again = await start({})
    const signedIn = await again.person.press(again.form, 'sign-in', { email: 'NEW@example.com', password: '' })
    expect(await userOf(signedIn.url)).toBe(userId)
  })

  test.each(['known@example.com', 'nonsense'])('%s cannot be used', async (email) => {
    const { person, form } = await start(signUp)
    const refused = await person.press(form, 'sign-in', { email })
    expect(refused.status).toBe(400)
    expect(refused.page).toContain('is not an email address, or has an account already')
  })
})

describe('social.deep_link.web', () => {
  test('signs in by the provider, which checks its own password', async () => {
    const { person, form } = await start({ idp_flow: 'social.deep_link.web', provider_id: '<google>' })
    expect(form.page).toContain('<h1>Sign in with &lt;google&gt;</h1>')
    expect(form.page).not.toContain('type="password"')
    const { url } = await person.press(form, 'sign-in', { email: 'known@example.com' })
    expect(await userOf(url)).toEqual(expect.stringContaining('@AdobeID'))
  })

  test('needs the name of the provider', async () => {
    const { form } = await start({ idp_flow: 'social.deep_link.web' })
    expect(form.url.searchParams.get('error')).toBe('invalid_request')
  })
})

test('any other idp_flow is the sign-in form', async () => {
  expect((await start({ idp_flow: 'other' })).form.page).toContain('<h1>Sign in</h1>')
})
