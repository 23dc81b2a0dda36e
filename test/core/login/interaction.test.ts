import { expect, test } from 'vitest'
import { authorizationCode, createClient, UnavailableError } from '../../../src/core/index.ts'
import { emulator, nearExpiry, on, signedIn } from '../session/emulated-session.ts'
import { autoRedirect, day, gate, loginScopes, redirectUri, rejection, settled } from '../setting.ts'

/** A client without tokens, and how often its user was sent to sign in. */
function signedOut() {
  const { prepare } = autoRedirect(emulator)
  const sent: URL[] = []
  const leave = gate()
  const redirect = {
    async prepare(options?: Parameters<typeof prepare>[0]) {
      const trip = await prepare(options)
      const navigate = async (url: URL) => {
        sent.push(url)
        await leave.opened
        return trip.navigate(url)
      }
      return { ...trip, navigate }
    },
  }
  const { client_id: clientId } = emulator.contexts.oauth_public
  const flow = authorizationCode({ clientId, scopes: loginScopes, redirectUri })
  return { client: createClient({ flow, ...on, redirect }), sent, signIn: leave.open }
}

test('sends the user to sign in if that is what a token needs, with the options of login', async () => {
  const { client, sent, signIn } = signedOut()
  signIn()
  const token = await client.getToken({ interaction: 'login', loginHint: 'ann@example.com' })
  expect(sent).toHaveLength(1)
  expect(sent[0]?.searchParams.get('login_hint')).toBe('ann@example.com')
  expect(await client.getToken({ interaction: 'login' })).toBe(token)
  expect(sent).toHaveLength(1)
})

test('getTokens does so too', async () => {
  const { client, sent, signIn } = signedOut()
  signIn()
  const { accessToken, claims } = await client.getTokens({ interaction: 'login' })
  expect(claims?.sub).toEqual(expect.any(String))
  expect(await client.getToken()).toBe(accessToken)
  expect(sent).toHaveLength(1)
})

test.each([undefined, {}, { interaction: 'none' }] as const)(
  'without it, the user is not sent to sign in: %j',
  async (options) => {
    const { client, sent } = signedOut()
    expect(await rejection(client.getToken(options))).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(await rejection(client.getTokens(options))).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(sent).toHaveLength(0)
  },
)

test('calls that need the user at the same time share one login, and the next one starts another', async () => {
  const { client, sent, signIn } = signedOut()
  const calls = [client.getToken({ interaction: 'login' }), client.getToken({ interaction: 'login' })]
  const set = client.getTokens({ interaction: 'login' })
  await settled()
  signIn()
  const [one, other] = await Promise.all(calls)
  expect(other).toBe(one)
  expect((await set).accessToken).toBe(one)
  expect(sent).toHaveLength(1)
  await client.forget()
  expect(await client.getToken({ interaction: 'login' })).not.toBe(one)
  expect(sent).toHaveLength(2)
})

test('an outage sends no user to sign in', async () => {
  const { client, sent } = signedOut()
  on.store.before = () => {
    throw new UnavailableError('STORE_FAILED', 'the disk is gone')
  }
  expect(await rejection(client.getToken({ interaction: 'login' }))).toMatchObject({ code: 'STORE_FAILED' })
  expect(sent).toHaveLength(0)
})

test('nor does an IMS that does not answer', async () => {
  let sent = 0
  const { prepare } = autoRedirect(emulator)
  const counting: typeof prepare = (options) => {
    sent++
    return prepare(options)
  }
  const client = await signedIn({ redirect: { prepare: counting } })
  sent = 0
  nearExpiry(-day)
  on.fetch.before = () => {
    throw new TypeError('fetch failed')
  }
  expect(await rejection(client.getToken({ interaction: 'login' }))).toMatchObject({ code: 'NETWORK_FAILED' })
  expect(sent).toBe(0)
})

test('a caller that gives up does not take the login from another', async () => {
  const { client, signIn } = signedOut()
  const control = new AbortController()
  const given = rejection(client.getToken({ interaction: 'login', signal: control.signal }))
  await settled()
  const patient = client.getToken({ interaction: 'login' })
  await settled()
  control.abort(new Error('changed my mind'))
  expect(await given).toMatchObject({ message: 'changed my mind' })
  signIn()
  expect(await patient).toEqual(expect.any(String))
})

test('a platform that cannot redirect says so', async () => {
  const { client_id: clientId } = emulator.contexts.oauth_public
  const flow = authorizationCode({ clientId, scopes: loginScopes, redirectUri })
  const client = createClient({ flow, ...on })
  expect(await rejection(client.getToken({ interaction: 'login' }))).toMatchObject({ code: 'LOGIN_NOT_POSSIBLE' })
})

test.each(['sometimes', 1, null])('refuses %j', async (interaction) => {
  const { client } = signedOut()
  // @ts-expect-error: what JavaScript may pass
  expect(await rejection(client.getToken({ interaction }))).toMatchObject({ code: 'BAD_OPTION' })
})
