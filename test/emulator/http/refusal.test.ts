import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nameList, quote } from '../../../src/emulator/http/refusal.ts'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { callback, post } from '../person.ts'

let emulator: RunningEmulator
const seen: (string | undefined)[] = []

beforeAll(async () => {
  emulator = await startEmulator({ onRequest: ({ reason }) => void seen.push(reason) })
})
afterAll(() => emulator.close())

const machine = () => {
  const { client_id, client_secrets } = emulator.contexts.oauth_server_to_server
  return { grant_type: 'client_credentials', client_id, client_secret: client_secrets[0] ?? '', scope: 'openid' }
}

/** Sends a token request: its answer, and the reason that the emulator recorded. */
async function ask(change: Record<string, string>) {
  const { body } = await post(`${emulator.url}/ims/token/v3`, { ...machine(), ...change })
  expect(emulator.requests.at(-1)?.reason).toBe(seen.at(-1))
  return { error: body.error, description: body.error_description, reason: seen.at(-1) }
}

describe('the reason of a refusal', () => {
  test.each([
    [
      'an unknown client',
      { client_id: 'x' },
      'invalid client_id parameter',
      /client 'x' is unknown; known clients: emulator-jwt, /,
    ],
    [
      'no client',
      { client_id: '' },
      'invalid client_id parameter',
      /the request has no client_id; known clients: emulator-jwt, /,
    ],
    [
      'a wrong secret',
      { client_secret: 'hunter2' },
      'invalid client_secret parameter',
      /the client_secret is wrong; the overview .* 'emulator-server-to-server'$/,
    ],
    ['no secret', { client_secret: '' }, 'missing client_secret parameter', /the request has no client_secret/],
    [
      'a secret of a public client',
      { client_id: 'emulator-public' },
      'unexpected client_secret parameter',
      /'emulator-public' is a public client/,
    ],
  ])('is added to a text of IMS: %s', async (_name, change, description, reason) => {
    const refused = await ask(change)
    expect(refused).toEqual({ error: 'invalid_client', description, reason: expect.stringMatching(reason) })
    expect(refused.reason).not.toContain('hunter2')
  })

  test.each([
    ['no scopes', { scope: '' }, 'invalid_scope', /missing scope parameter: IMS requires/],
    [
      'a scope of another client',
      { scope: 'openid,a,b' },
      'invalid_scope',
      /may not request 'a', 'b'; allow it with the option scopes/,
    ],
    [
      'another grant',
      { grant_type: 'refresh_token' },
      'unauthorized_client',
      /may not use refresh_token; its grants: client_credentials$/,
    ],
    ['an unknown grant', { grant_type: 'password' }, 'unsupported_grant_type', /'password'$/],
    [
      'a grant of a newer version',
      { grant_type: 'promise' },
      'unsupported_grant_type',
      /'promise' exists at \/ims\/token\/v4 and later$/,
    ],
  ])('is the description if the text of IMS is not known: %s', async (_name, change, error, text) => {
    const { description, ...refused } = await ask(change)
    expect(description).toMatch(text)
    expect(refused).toEqual({ error, reason: `${error}: ${description}` })
  })

  test('a code or token of an earlier emulator', async () => {
    const { client_id, client_secret } = emulator.contexts.oauth
    const refresh = await ask({ grant_type: 'refresh_token', client_id, client_secret, refresh_token: 'old' })
    expect(refresh).toMatchObject({
      description: 'invalid refresh_token',
      reason: expect.stringContaining('restarted'),
    })
    const code = await ask({ grant_type: 'authorization_code', client_id, client_secret, code: 'old' })
    expect(code).toMatchObject({ error: 'access_denied', reason: expect.stringContaining('did not issue') })
  })

  test('an answer without a refusal has none', async () => {
    await ask({})
    expect(seen.at(-1)).toBeUndefined()
    expect(emulator.requests.at(-1)).not.toHaveProperty('reason')
  })

  test('is redirected to the app', async () => {
    const query = { client_id: 'emulator-web-app', redirect_uri: callback, scope: 'openid,nonsense' }
    const { headers } = await fetch(`${emulator.url}/ims/authorize/v2?${new URLSearchParams(query)}`, {
      redirect: 'manual',
    })
    const { searchParams } = new URL(headers.get('location') ?? '')
    expect(searchParams.get('error')).toBe('invalid_scope')
    expect(searchParams.get('error_description')).toContain("may not request 'nonsense'")
  })

  test('is short, whatever the request contains', async () => {
    const { reason = '' } = await ask({ client_id: 'x'.repeat(100_000), scope: 'y' })
    expect(reason.length).toBeLessThan(500)
    expect(quote('x'.repeat(100))).toBe(`'${'x'.repeat(60)}…'`)
    expect(nameList(Array.from({ length: 14 }, (_, index) => String(index)))).toMatch(/^0, .*, 11 and 2 more$/)
    expect(nameList([])).toBe('none')
  })
})
