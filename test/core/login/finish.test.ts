import { base64url, decodeJwt, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { createClient, type Fetch, type LoginClient } from '../../../src/core/index.ts'
import type { Emulator } from '../../../src/emulator/index.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { day, everythingIn, follow, gate, platformOn, publicFlow, rejection, storedTokens } from '../setting.ts'
import { begun, clock, emulator, fault, loginClient, on, otherKey, usePlatform } from './emulated-login.ts'

describe('the id token', () => {
  /** A client whose token answers are edited on the way. */
  const answering = (edit: (answer: Record<string, unknown>) => Promise<object> | object, more: object = {}) => {
    const fetch: Fetch = async (url, init) => {
      const response = await on.fetch(url, init)
      if (!url.includes('/ims/token')) return response
      const answer = await edit((await response.json()) as Record<string, unknown>)
      return Response.json(answer, { headers: { date: response.headers.get('date') ?? '' } })
    }
    return createClient({ flow: publicFlow(emulator, more), ...on, fetch })
  }
  const resigned = (change: (claims: Record<string, unknown>) => object) => async (answer: Record<string, unknown>) => {
    const claims = decodeJwt(String(answer.id_token))
    const id_token = await new SignJWT({ ...claims, ...change(claims) })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(otherKey)
    return { ...answer, id_token }
  }
  const refusedFor = async (client: LoginClient, reason?: string) => {
    const error = await rejection(client.finishLogin(await begun(client)))
    expect(error).toMatchObject(reason === undefined ? { code: 'IMS_MALFORMED' } : { code: 'TOKEN_INVALID', reason })
    expect(await storedTokens(on.store)).toBeUndefined()
  }
  const seconds = () => Math.floor(clock.now() / 1000)

  const wrong: [string, string, (claims: Record<string, unknown>) => object][] = [
    ['another nonce', 'nonce', () => ({ nonce: 'other' })],
    ['another audience', 'audience', () => ({ aud: 'other' })],
    ['several audiences without us', 'audience', () => ({ aud: ['a', 'b'] })],
    ['another issuer', 'issuer', () => ({ iss: 'https://evil.test' })],
    ['an issuer that only begins like ours', 'issuer', () => ({ iss: `${emulator.url}.evil.test` })],
    ['an end in the past', 'expired', () => ({ exp: seconds() - 120 })],
  ]
  test.each(wrong)('with %s is refused: %s (S11, S80)', async (_, reason, change) => {
    await refusedFor(answering(resigned(change)), reason)
  })
  test('without the nonce is refused (S11)', async () => {
    const client = answering(async (answer) => resigned(() => ({ nonce: undefined }))(answer))
    const error = await rejection(client.finishLogin(await begun(client)))
    expect(error).toMatchObject({ name: expect.stringMatching(/TokenError|ImsResponseError/) })
    expect(await storedTokens(on.store)).toBeUndefined()
  })
  test('issued by the other name of IMS is accepted', async () => {
    const client = answering(resigned(() => ({ iss: `${emulator.url}/ims` })))
    expect(await client.finishLogin(await begun(client))).toMatchObject({ accessToken: expect.any(String) })
  })
  test('of another host of an environment names the issuer of the environment', async () => {
    const endpoint = 'https://ims-prod06.adobelogin.com'
    const at = (url: string) => url.replace(endpoint, emulator.url)
    const issuedBy = (iss: string) =>
      createClient({
        flow: publicFlow(emulator),
        ...on,
        endpoint,
        fetch: async (url, init) => {
          const answer = (await (await on.fetch(at(url), init)).json()) as Record<string, unknown>
          return Response.json(await resigned(() => ({ iss }))(answer))
        },
      })
    const back = async (client: LoginClient) => follow(emulator, new URL(at((await client.startLogin()).href)))
    const good = issuedBy('https://ims-na1.adobelogin.com')
    expect(await good.finishLogin(await back(good))).toMatchObject({
      claims: { iss: 'https://ims-na1.adobelogin.com' },
    })
    const staged = issuedBy('https://ims-na1-stg1.adobelogin.com')
    const error = (await rejection(staged.finishLogin(await back(staged)))) as Error
    expect(error).toMatchObject({ code: 'TOKEN_INVALID', reason: 'issuer' })
    expect(error.message).toContain('option issuers')
    const named = await back(staged)
    named.searchParams.set('iss', 'https://ims-na1-stg1.adobelogin.com')
    const mixed = (await rejection(staged.finishLogin(named))) as Error
    expect(mixed).toMatchObject({ code: 'STATE_MISMATCH' })
    expect(mixed.message).toContain('option issuers')
  })
  test('unsigned, or signed with HS256, is refused (S77)', async () => {
    for (const forge of [
      (claims: object) => new UnsecuredJWT({ ...claims }).encode(),
      (claims: object) => new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32)),
    ]) {
      await refusedFor(
        answering(async (answer) => ({ ...answer, id_token: await forge(decodeJwt(String(answer.id_token))) })),
      )
    }
  })
  test('that is not a JWT is refused', async () => {
    await refusedFor(answering((answer) => ({ ...answer, id_token: 'opaque' })))
  })

  test('straight from IMS it is not checked for its signature, and no key is fetched', async () => {
    const client = answering(resigned(() => ({})))
    expect(await client.finishLogin(await begun(client))).toMatchObject({ claims: { iss: emulator.url } })
    expect(on.fetch.sent.map(({ url }) => new URL(url).pathname)).toEqual(['/ims/token/v3'])
  })
  const verifying = { verifyIdTokenSignature: true }
  test('with verifyIdTokenSignature a good one is accepted', async () => {
    const client = answering((answer) => answer, verifying)
    expect(await client.finishLogin(await begun(client))).toMatchObject({ claims: { iss: emulator.url } })
    expect(on.fetch.sent.map(({ url }) => new URL(url).pathname)).toContain('/ims/keys')
  })
  test('with verifyIdTokenSignature one with a flipped bit is refused', async () => {
    const flip = (answer: Record<string, unknown>) => {
      const [header, payload, signature = ''] = String(answer.id_token).split('.')
      const octets = base64url.decode(signature)
      octets[9] = (octets[9] ?? 0) ^ 1
      return { ...answer, id_token: `${header}.${payload}.${base64url.encode(octets)}` }
    }
    await refusedFor(answering(flip, verifying), 'signature')
  })
  test('with verifyIdTokenSignature one with loose base64url is refused', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const loosen = (answer: Record<string, unknown>) => {
      const token = String(answer.id_token)
      // a signature of 256 bytes leaves four unused bits in its last character
      return { ...answer, id_token: token.slice(0, -1) + alphabet[alphabet.indexOf(token.slice(-1)) ^ 1] }
    }
    await refusedFor(answering(loosen, verifying), 'malformed')
  })
  test('with verifyIdTokenSignature one of another key is refused', async () => {
    const client = answering(
      resigned(() => ({})),
      verifying,
    )
    expect(await rejection(client.finishLogin(await begun(client)))).toMatchObject({ code: 'TOKEN_INVALID' })
    expect(await storedTokens(on.store)).toBeUndefined()
  })

  test.each([day, -day, 3 * 60_000])('is checked by the server’s clock: ours may be wrong by %s ms', async (off) => {
    usePlatform(platformOn(emulator, fakeClock(clock.now() + off)))
    for (const more of [{}, verifying]) {
      const client = createClient({ flow: publicFlow(emulator, more), ...on })
      expect(await client.finishLogin(await begun(client))).toMatchObject({ claims: { iss: emulator.url } })
      await client.forget()
    }
  })

  test('scopes that were not granted are named (S38)', async () => {
    const client = answering((answer) => ({ ...answer, scope: 'openid AdobeID' }))
    const { scopes, missingScopes } = await client.finishLogin(await begun(client))
    expect([scopes, missingScopes]).toEqual([['openid', 'AdobeID'], ['offline_access']])
  })
})

describe('a code is redeemed once', () => {
  test('finishLogin twice at once and twice in a row: one token request, one answer (S22)', async () => {
    const client = loginClient()
    const callback = await begun(client)
    const [one, two] = await Promise.all([client.finishLogin(callback), client.finishLogin(callback.href)])
    const three = await client.finishLogin(callback)
    expect([two.accessToken, three.accessToken]).toEqual([one.accessToken, one.accessToken])
    expect(on.fetch.sent).toHaveLength(1)
    expect(on.events.filter(({ type }) => type === 'login')).toHaveLength(1)
  })

  test('two clients at once: one token request (S22)', async () => {
    const callback = await begun(loginClient())
    const results = await Promise.allSettled(
      [loginClient(), loginClient()].map((client) => client.finishLogin(callback)),
    )
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(on.fetch.sent).toHaveLength(1)
  })

  test('a page that is rendered, dropped and rendered again: the second gets the answer', async () => {
    const client = loginClient()
    const callback = await begun(client)
    const held = gate()
    on.fetch.before = () => held.opened
    const dropped = new AbortController()
    const first = rejection(client.finishLogin(callback, { signal: dropped.signal }))
    dropped.abort('unmounted')
    expect(await first).toBe('unmounted')
    const second = client.finishLogin(callback)
    held.open()
    expect(await second).toMatchObject({ accessToken: await client.getToken() })
    expect(on.fetch.sent).toHaveLength(1)
  })

  test('aborted before, it is not redeemed at all', async () => {
    const client = loginClient()
    const callback = await begun(client)
    const before = await everythingIn(on.store)
    expect(await rejection(client.finishLogin(callback, { signal: AbortSignal.abort('mine') }))).toBe('mine')
    expect(await everythingIn(on.store)).toEqual(before)
    expect(await client.finishLogin(callback)).toMatchObject({ accessToken: expect.any(String) })
  })

  const outages: [string, Parameters<Emulator['fault']>[0], string][] = [
    ['503', { path: '/ims/token', status: 503 }, 'IMS_UNAVAILABLE'],
    ['429', { path: '/ims/token', status: 429, headers: { 'retry-after': '1' } }, 'IMS_UNAVAILABLE'],
    ['a connection dropped before', { path: '/ims/token', drop: 'before' }, 'NETWORK_FAILED'],
    ['a connection dropped after', { path: '/ims/token', drop: 'after' }, 'NETWORK_FAILED'],
    ['an answer cut off', { path: '/ims/token', drop: 'mid-body' }, 'NETWORK_FAILED'],
  ]
  test.each(outages)('also after %s, and not by a second finishLogin either', async (_, outage, code) => {
    fault(outage)
    const client = loginClient({ retry: { retries: 3 } })
    const callback = await begun(client)
    expect(await rejection(client.finishLogin(callback))).toMatchObject({ code })
    expect(await rejection(client.finishLogin(callback))).toMatchObject({ code })
    expect(await rejection(loginClient().finishLogin(callback))).toMatchObject({ code: 'STATE_MISMATCH' })
    expect(on.fetch.sent).toHaveLength(1)
    expect(await storedTokens(on.store)).toBeUndefined()
  })
})
