import { describe, expect, test } from 'vitest'
import {
  clientCredentials,
  clusterExchange,
  createClient,
  Ims,
  type ImsEvent,
  type LoginClient,
  onBehalfOf,
  refreshToken,
  type SilentFlow,
  serviceToken,
} from '../../../src/core/index.ts'
import { day, follow, publicFlow, redirectUri, rejection, serverFlow, storedTokens } from '../setting.ts'
import { stage } from '../stage.ts'

const it = stage()
const refuse = (error: string, more: object = {}, status = 400) =>
  it.fault({ path: '/ims/token', status, body: { error, ...more }, times: 9 })
const jump = 'https://account.adobe.com/verify?step=1'

async function signedIn(): Promise<LoginClient> {
  const client = createClient({ flow: publicFlow(it.emulator), ...it.on })
  await client.finishLogin(await follow(it.emulator, await client.startLogin()))
  it.on.fetch.sent.length = 0
  return client
}

/** What IMS was recorded or documented to answer: status, `error`, `error_description`. */
const recorded: [number, string, string | undefined][] = [
  [400, 'invalid_client', 'invalid client_id parameter'],
  [400, 'invalid_client', 'invalid client_secret parameter'],
  [401, 'invalid_client', undefined],
  [400, 'invalid_client', 'unexpected client_secret parameter'],
  [400, 'unauthorized_client', undefined],
  [400, 'unsupported_grant_type', undefined],
  [400, 'access_denied', undefined],
  [400, 'invalid_scope', 'The metascopes in the JWT are not a subset of the metascopes in the binding.'],
  [400, 'invalid_token', 'JWT token is incorrectly formatted, and can not be decoded.'],
  [400, 'invalid_token', 'Could not match JWT signature to any of the bindings'],
  [400, 'invalid_signature', undefined],
  [400, 'bad_request', undefined],
  [400, 'invalid_jti', undefined],
]

describe('a refusal that was recorded', () => {
  const credential = { clientId: 'c', clientSecret: 's' }
  const asked: [string, () => Promise<unknown>][] = [
    ['client credentials', () => createClient({ flow: serverFlow(it.emulator), ...it.on }).getToken()],
    ['a service token', () => createClient({ flow: serviceToken({ ...credential, code: 'x' }), ...it.on }).getToken()],
    [
      'a cluster exchange',
      () =>
        createClient({
          flow: clusterExchange({ ...credential, userToken: 't', orgId: 'x@AdobeOrg' }),
          ...it.on,
        }).getToken(),
    ],
    ['a code', async () => createClient({ flow: publicFlow(it.emulator), ...it.on }).finishLogin(await callback())],
    ['the JWT exchange', () => new Ims({ ...it.on }).exchangeJwtToken('c', 's', 'a.b.c')],
    ['the low-level API', () => new Ims({ ...it.on }).getAccessTokenByClientCredentials('c', 's')],
  ]
  const callback = async () =>
    follow(it.emulator, await createClient({ flow: publicFlow(it.emulator), ...it.on }).startLogin())

  test.each(recorded)('%i %s %s is IMS’s own word', async (status, error, error_description) => {
    for (const path of ['/ims/token', '/ims/exchange/jwt'])
      it.fault({ path, status, body: { error, error_description }, times: 99 })
    for (const [name, ask] of asked) {
      const expected = { name: 'ImsResponseError', code: 'HTTP_ERROR', status, imsError: error }
      const refused = await rejection(ask())
      expect(refused, name).toMatchObject({
        ...expected,
        ...(error_description && { imsErrorDescription: error_description }),
      })
    }
  })

  test.each([429, 500, 503])('%i with an error in it is an outage that keeps IMS’s words', async (status) => {
    refuse('temporarily_unavailable', { error_description: 'wait' }, status)
    const client = createClient({ flow: serverFlow(it.emulator), ...it.on })
    expect(await rejection(client.getToken())).toMatchObject({
      code: 'IMS_UNAVAILABLE',
      status,
      details: { imsError: 'temporarily_unavailable', imsErrorDescription: 'wait' },
    })
  })
})

describe('a used or revoked grant', () => {
  const answers = ['invalid_grant', 'invalid_token', 'access_denied']

  test.each(answers)(
    '%s for the refresh token that the credential brings: LOGIN_REQUIRED, asked once',
    async (error) => {
      refuse(error, { error_description: 'it is over' })
      const client = createClient({ flow: refreshToken({ clientId: 'c', refreshToken: 'dead' }), ...it.on })
      for (let time = 0; time < 2; time++) {
        const refused = await rejection(client.getToken())
        expect(refused).toMatchObject({ name: 'LoginRequiredError', code: 'LOGIN_REQUIRED' })
        if (time === 0) expect(refused).toMatchObject({ cause: { imsError: error, imsErrorDescription: 'it is over' } })
      }
      expect(it.on.fetch.sent).toHaveLength(1)
    },
  )

  test.each(answers)('%s for the refresh token of a login: it is dropped', async (error) => {
    const client = await signedIn()
    it.clock.set(it.clock.now() + day)
    refuse(error)
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED', cause: { imsError: error } })
    expect((await storedTokens(it.on.store))?.refreshToken).toBeUndefined()
  })

  test.each(answers)('%s that only the address of a redirect says drops nothing', async (error) => {
    await signedIn()
    it.clock.set(it.clock.now() + day)
    const before = await storedTokens(it.on.store)
    const headers = { location: `https://gateway.test/?error=${error}` }
    const fetch = async () => new Response(null, { status: 302, headers })
    const other = createClient({ flow: publicFlow(it.emulator), ...it.on, fetch })
    expect(await rejection(other.getToken())).toMatchObject({ code: 'IMS_UNAVAILABLE', cause: { imsError: error } })
    expect(await storedTokens(it.on.store)).toEqual(before)
  })
})

describe('a redirect instead of an answer', () => {
  const asking = (location: string | undefined, status = 302) => {
    const sent: string[] = []
    const fetch = async (url: string) => {
      sent.push(url)
      return new Response(null, { status, headers: location === undefined ? {} : { location } })
    }
    const flow = clientCredentials({ clientId: 'c', clientSecret: 'the-secret', scopes: ['openid'] })
    return { sent, refused: rejection(createClient({ flow, ...it.on, fetch }).getToken()) }
  }

  test.each([302, 303, 307])('%i: the error is in its address, which is not followed', async (status) => {
    const canary = 'https://evil.test/spilled?code=canary-code'
    const query = new URLSearchParams({
      error: 'invalid_scope',
      error_description: `no the-secret here\u202e ${'x'.repeat(2_000)}`,
      code: 'canary-code',
      uri: canary,
    })
    for (const separator of ['?', '#']) {
      const { sent, refused } = asking(`${redirectUri}${separator}${query}`, status)
      const error = (await refused) as Error & { imsErrorDescription: string }
      expect(error).toMatchObject({ name: 'ImsResponseError', code: 'HTTP_ERROR', status, imsError: 'invalid_scope' })
      expect(error.imsErrorDescription).toMatch(/^no \[redacted\] here/)
      expect(error.imsErrorDescription.length).toBeLessThanOrEqual(500)
      expect(error.message).toContain('no [redacted] here')
      expect(`${error.message} ${JSON.stringify(error)}`).not.toMatch(/canary|spilled|127\.0\.0\.1|\u202e/)
      expect(sent).toHaveLength(1)
    }
  })

  test.each(['/elsewhere?error=unauthorized_client', '?error=unauthorized_client'])(
    '%s is an address too',
    async (to) => {
      expect(await asking(to).refused).toMatchObject({ imsError: 'unauthorized_client' })
    },
  )

  test.each([undefined, '', 'https://', 'https://login.test/start', `${redirectUri}?error=`])(
    '%s has no reason',
    async (to) => {
      const error = (await asking(to).refused) as Error
      expect(error).toMatchObject({ code: 'HTTP_ERROR', status: 302 })
      expect(error).not.toHaveProperty('imsError')
      expect(error.message).toMatch(/redirect, which is not followed; check endpoint/)
    },
  )

  test('in a browser the error says that the reason is unknown', async () => {
    const opaque = Object.defineProperty(new Response(null), 'status', { value: 0 })
    const flow = clientCredentials({ clientId: 'c', clientSecret: 's', scopes: ['openid'] })
    const error = await rejection(createClient({ flow, ...it.on, fetch: async () => opaque }).getToken())
    expect(error).toMatchObject({ code: 'HTTP_ERROR', status: 0 })
    expect(error).not.toHaveProperty('imsError')
    expect((error as Error).message).toContain('a browser does not show the reason')
  })
})

describe('what IMS asks the user to do first', () => {
  const ride = 'ride_AdobeID_acct_terms'
  const needed = {
    name: 'LoginRequiredError',
    code: 'LOGIN_REQUIRED',
    details: { imsError: ride, imsErrorDescription: 'accept the terms', jump },
    cause: { name: 'ImsResponseError', imsError: ride, imsErrorDescription: 'accept the terms' },
  }
  const answer = { error_description: 'accept the terms', jump }

  test('means the same in the callback, for the code and for the refresh token', async () => {
    const client = createClient({ flow: publicFlow(it.emulator), ...it.on })
    const back = await follow(it.emulator, await client.startLogin())
    const code = await follow(it.emulator, await client.startLogin())
    back.searchParams.delete('code')
    for (const [name, value] of Object.entries({ error: ride, ...answer })) back.searchParams.set(name, value)
    expect(await rejection(client.finishLogin(back))).toMatchObject(needed)
    refuse(ride, answer)
    expect(await rejection(client.finishLogin(code))).toMatchObject(needed)
    const continued = createClient({ flow: refreshToken({ clientId: 'c', refreshToken: 'fine' }), ...it.on })
    expect(await rejection(continued.getToken())).toMatchObject(needed)
  })

  const machine = { clientId: 'c', clientSecret: 's', scopes: ['openid'] }
  const flows: [string, SilentFlow, object][] = [
    ['an exchange for the user who called', onBehalfOf({ ...machine, userToken: 'of a user' }), needed],
    ['another organization of a user', clusterExchange({ clientId: 'c', userToken: 'of a user', orgId: 'o' }), needed],
    [
      'a credential without a user',
      clientCredentials(machine),
      { code: 'HTTP_ERROR', imsError: ride, details: { jump } },
    ],
  ]
  test.each(flows)('%s', async (_, flow, expected) => {
    refuse(ride, answer)
    const events: ImsEvent[] = []
    const client = createClient({ flow, ...it.on, onEvent: (event) => void events.push(event) })
    const error = await rejection(client.getToken())
    expect(error).toMatchObject(expected)
    expect(events.at(-1)).toMatchObject({ type: 'operation', code: (error as { code: string }).code })
  })

  test('keeps the refresh token, and the access token is returned while it has not expired', async () => {
    const client = await signedIn()
    const token = await client.getToken()
    const { refreshToken: kept } = (await storedTokens(it.on.store)) ?? {}
    it.clock.set(it.clock.now() + day - 60_000)
    refuse(ride, answer)
    expect(await client.getToken()).toBe(token)
    it.clock.set(it.clock.now() + day)
    expect(await rejection(client.getToken())).toMatchObject(needed)
    expect((await storedTokens(it.on.store))?.refreshToken).toBe(kept)
  })

  test.each([
    'javascript:alert(1)',
    'http://evil.test/',
    'not an address',
    `https://account.adobe.com/?t=eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.c`,
    'https://account.adobe.com/\u202e',
    `https://account.adobe.com/${'x'.repeat(3_000)}`,
    7,
  ])('an address like %s is left out', async (address) => {
    refuse(ride, { jump: address })
    const client = createClient({ flow: refreshToken({ clientId: 'c', refreshToken: 'fine' }), ...it.on })
    const error = (await rejection(client.getToken())) as { details: object; message: string }
    expect(error).toMatchObject({ code: 'LOGIN_REQUIRED', details: { imsError: ride } })
    expect(error.details).not.toHaveProperty('jump')
    expect(error.message).toContain('call login()')
  })

  test('is a plain refusal in the low-level API, with the address', async () => {
    refuse(ride, answer)
    const refused = await rejection(new Ims({ ...it.on }).refreshToken({ clientId: 'c', refreshToken: 'fine' }))
    expect(refused).toMatchObject({ code: 'HTTP_ERROR', imsError: ride, details: { jump } })
  })
})

describe('a callback with an error that no state belongs to', () => {
  const query = 'jump=https%3A%2F%2Fevil.example%2F&error=invalid_scope&error_description=not%20yours%E2%80%AE'
  test.each([`?${query}`, `#${query}`, `#${query}&state=`, `?${query}&state=a&state=b`])(
    '%s ends no login',
    async (rest) => {
      const client = createClient({ flow: publicFlow(it.emulator), ...it.on })
      const url = await client.startLogin()
      const stray = `${redirectUri}${rest.endsWith('state=') ? rest + url.searchParams.get('state') : rest}`
      const error = (await rejection(client.finishLogin(stray))) as Error
      expect(error).toMatchObject({
        code: 'STATE_MISMATCH',
        details: { reason: 'missing', imsError: 'invalid_scope', imsErrorDescription: 'not yours' },
      })
      expect(error.message).toContain('invalid_scope not yours')
      // an address that anyone can have written
      expect(JSON.stringify(error)).not.toContain('evil.example')
      expect((error as { details?: object }).details).not.toHaveProperty('jump')
      await client.finishLogin(await follow(it.emulator, url))
      expect(await client.getToken()).toEqual(expect.any(String))
    },
  )
})
