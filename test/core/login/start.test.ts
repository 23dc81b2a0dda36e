import fc from 'fast-check'
import { base64url } from 'jose'
import { describe, expect, test, vi } from 'vitest'
import { createClient } from '../../../src/core/index.ts'
import { loginScopes, publicFlow, redirectUri, rejection } from '../setting.ts'
import { begun, clock, edited, emulator, loginClient, on } from './emulated-login.ts'

describe('the authorization request', () => {
  test('asks for a code with PKCE S256, state and nonce (S1, S3)', async () => {
    const url = await loginClient().startLogin({ prompt: 'login', loginHint: 'a@b.test', locale: 'de_DE' })
    expect(url.origin + url.pathname).toBe(`${emulator.url}/ims/authorize/v2`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: emulator.contexts.oauth_public.client_id,
      redirect_uri: redirectUri,
      response_type: 'code',
      response_mode: 'query',
      scope: loginScopes.join(' '),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      prompt: 'login',
      login_hint: 'a@b.test',
      locale: 'de_DE',
    })
  })

  test('no option changes what the protocol sets: never a token, never plain, never another client (S1, S2, S3)', async () => {
    const names = [
      'response_type',
      'code_challenge_method',
      'code_challenge',
      'state',
      'nonce',
      'client_id',
      'redirect_uri',
      'scope',
      'response_mode',
      'x',
    ]
    const parameters = fc.dictionary(
      fc.constantFrom(...names),
      fc.constantFrom('token', 'plain', 'id_token token', 'evil'),
    )
    const client = loginClient()
    await fc.assert(
      fc.asyncProperty(parameters, async (more) => {
        const { searchParams } = await client.startLogin({ parameters: more })
        expect(searchParams.getAll('response_type')).toEqual(['code'])
        expect(searchParams.getAll('code_challenge_method')).toEqual(['S256'])
        for (const name of names.slice(2, -1)) expect(searchParams.get(name)).not.toMatch(/^(evil|plain|token)$/)
        expect(searchParams.get('x')).toBe(more.x ?? null)
      }),
      { numRuns: 50 },
    )
  })

  test('a nonce goes with openid only (S11)', async () => {
    const flow = publicFlow(emulator, { scopes: ['AdobeID'] })
    const url = await createClient({ flow, ...on }).startLogin({ parameters: { nonce: 'mine' } })
    expect(url.searchParams.has('nonce')).toBe(false)
  })

  test('RFC 7636, appendix B: its random octets give its challenge, so they come from the CSPRNG (S3, S5)', async () => {
    const octets = base64url.decode('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')
    vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
      ;(array as unknown as Uint8Array).set(octets)
      return array
    })
    const url = await loginClient().startLogin()
    expect(url.searchParams.get('code_challenge')).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  })

  test('ten thousand verifiers, states and nonces: right in form, no repeats (S5, S7, S10)', async () => {
    const flow = publicFlow(emulator)
    const call = { endpoint: emulator.url, issuers: [], clock } as never
    const seen = new Set<string>()
    for (let login = 0; login < 10_000; login++) {
      const { pending } = await flow.start(call, redirectUri, {})
      expect(pending.codeVerifier.length).toBe(43)
      for (const value of [pending.codeVerifier, pending.state, pending.nonce]) seen.add(value)
    }
    expect(seen.size).toBe(30_000)
    expect([...seen].every((value) => /^[\w-]{43}$/.test(value))).toBe(true)
  })

  test('the code of one login does not work with the verifier of another (S6)', async () => {
    const client = loginClient()
    const [one, two] = [await begun(client), await begun(client)]
    const mixed = edited(one, (parameters) => parameters.set('code', two.searchParams.get('code') ?? ''))
    expect(await rejection(client.finishLogin(mixed))).toMatchObject({ imsError: 'access_denied' })
  })
})
