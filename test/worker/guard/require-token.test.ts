import { generateKeyPair, SignJWT } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import type { GuardConfig } from '../fixtures/guard-site.ts'
import { type KeyServer, startKeyServer } from '../key-server.ts'
import { otherServers, type StartServer } from '../servers.ts'
import { startWorker } from '../workerd.ts'

// one API, guarded, under every server and over real sockets

const inWorkerd: StartServer = async (api) =>
  (await startWorker({ fixture: 'guard-worker', bindings: { api } })).url.origin
const runtimes = [['workerd', inWorkerd] as const, ...otherServers('guard-serve')]

let ims: KeyServer
let elsewhere: KeyServer
beforeEach(async () => {
  ims = await startKeyServer()
  elsewhere = await startKeyServer()
})

const day = 86_400_000
const config = (more: Partial<GuardConfig> = {}): GuardConfig => ({
  endpoint: ims.url,
  allowList: ['good-client', 'other-good-client'],
  scopes: ['openid', 'AdobeID'],
  realm: 'my "api" \\ here',
  ...more,
})
const realm = String.raw`realm="my \"api\" \\ here"`
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Puts `text` into the header behind the server's back, as no server takes every header. */
const inner = (origin: string, text: string) => fetch(`${origin}/inner`, { method: 'POST', body: text })

/** Everything that no guard may let through, by what it is. */
async function badTokens(): Promise<Record<string, string>> {
  const good = await ims.sign(ims.claims())
  const [header = '', payload = '', signature = ''] = good.split('.')
  const secret = new TextEncoder().encode(ims.publicKey)
  const hmac = new SignJWT(ims.claims()).setProtectedHeader({ alg: 'HS256', kid: ims.kid }).sign(secret)
  const stranger = (await generateKeyPair('RS256')).privateKey
  const address = `${elsewhere.url}/ims/keys`
  const flipped = (part: string) => `${part.slice(0, 10)}${part[10] === 'A' ? 'B' : 'A'}${part.slice(11)}`
  const fromElsewhere = (head: Record<string, unknown>) => elsewhere.sign(ims.claims(), head)
  const stale = { created_at: String(Date.now() - 2 * day), expires_in: String(day) }
  return {
    'alg none': `${encode({ alg: 'none', kid: ims.kid })}.${payload}.`,
    'alg none, with a signature': `${encode({ alg: 'none' })}.${payload}.${signature}`,
    'HS256 by the public key': await hmac,
    'a kid that nobody has': await ims.sign(ims.claims(), { kid: 'ims_na1-key-at-7' }),
    'no kid, and another key': await ims.sign(ims.claims(), { kid: undefined }, stranger),
    'another key': await ims.sign(ims.claims(), {}, stranger),
    x5u: await fromElsewhere({ x5u: address }),
    jku: await fromElsewhere({ jku: address, kid: 'theirs' }),
    jwk: await fromElsewhere({ jwk: { kty: 'RSA', e: 'AQAB', n: 'AAAA' } }),
    'a kid that is an address': await fromElsewhere({ kid: address }),
    'an issuer that is an address': await elsewhere.sign(ims.claims({ iss: elsewhere.url, as: 'evil' })),
    'a critical header': await ims.sign(ims.claims(), { crit: ['exp'], exp: 1 }).catch(() => `${header}.${payload}.AA`),
    'not yet valid': await ims.sign(ims.claims({ created_at: String(Date.now() + day) })),
    'a refresh token': await ims.sign(ims.claims({ type: 'refresh_token' })),
    'an authorization code': await ims.sign(ims.claims({ type: 'authorization_code' })),
    'an id token': await ims.sign({ sub: 'user', aud: 'good-client', exp: Math.floor(Date.now() / 1000) + 60 }),
    'another client': await ims.sign(ims.claims({ client_id: 'other' })),
    'a client that begins as ours': await ims.sign(ims.claims({ client_id: 'good-client-2' })),
    'no client': await ims.sign(ims.claims({ client_id: undefined })),
    'no end': await ims.sign(ims.claims({ expires_in: undefined })),
    '100 KB': await ims.sign(ims.claims({ padding: 'x'.repeat(100_000) })),
    '100 KB of nothing': 'a'.repeat(100_000),
    '60 KB of dots': '.'.repeat(60_000),
    'a changed header': `${flipped(header)}.${payload}.${signature}`,
    'a changed payload': `${header}.${flipped(payload)}.${signature}`,
    'a changed signature': `${header}.${payload}.${flipped(signature)}`,
    'a payload of other claims': `${header}.${encode(ims.claims({ user_id: 'admin' }))}.${signature}`,
    'no signature': `${header}.${payload}.`,
    'two parts': `${header}.${payload}`,
    'four parts': `${good}.${signature}`,
    'five parts': `${good}.a.b`,
    'an opaque token': 'opaque-token',
    'padding at the end': `${good}==`,
    'claims that are a list': await ims.signText('[]'),
    'claims that are none': await ims.signText('7'),
    'claims that are no JSON': await ims.signText('{"type":'),
    'claims of the wrong types': await ims.signText(
      '{"type":"access_token","created_at":{},"expires_in":[],"scope":7}',
    ),
    expired: await ims.sign(ims.claims(stale)),
  }
}

describe.each(runtimes)('%s', (_, start) => {
  test('accepts a valid token, in any case of the scheme', async () => {
    const origin = await start(config())
    const token = await ims.sign(ims.claims({ client_id: 'other-good-client' }))
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  ']) {
      const response = await fetch(origin, { headers: { authorization: `${scheme} ${token}` } })
      expect([response.status, await response.json()]).toEqual([
        200,
        { client: 'other-good-client', user: 'user@AdobeID' },
      ])
    }
    expect(ims.asked).toEqual(['/ims/keys'])
  })

  test('requests a token, without an error code, if the header has none', async () => {
    const origin = await start(config())
    const token = await ims.sign(ims.claims())
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const asked: [string, RequestInit][] = [
      [origin, {}],
      [`${origin}/?access_token=${token}`, {}],
      [origin, { method: 'POST', headers: form, body: `access_token=${token}` }],
      [origin, { headers: { authorization: 'Basic dTpw' } }],
      [origin, { headers: { authorization: `Bearers ${token}` } }],
      [origin, { headers: { authorization: token } }],
      [origin, { headers: { cookie: `access_token=${token}`, 'x-access-token': token } }],
    ]
    for (const [url, init] of asked) {
      const response = await fetch(url, init)
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe(`Bearer ${realm}`)
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(Object.keys((await response.json()) as object)).toEqual(['error_description'])
    }
    expect(ims.asked).toEqual([])
  })

  test('refuses a header that holds other than one token', async () => {
    const origin = await start(config())
    const token = await ims.sign(ims.claims())
    const said = ['Bearer', 'Bearer ', `Bearer ${token} ${token}`, `Bearer ${token}, Bearer ${token}`]
    for (const text of [...said, `Bearer ${token},`, `Bearer "${token}"`, 'Bearer tökén', `Bearer ${token};a=b`]) {
      const response = await inner(origin, text)
      expect([text.slice(0, 12), response.status]).toEqual([text.slice(0, 12), 400])
      expect(response.headers.get('www-authenticate')).toContain(`Bearer ${realm}, error="invalid_request"`)
      expect(await response.json()).toMatchObject({ error: 'invalid_request' })
    }
    expect(ims.asked).toEqual([])
  })

  test('rejects every invalid token with the same response, and sends requests to IMS only', async () => {
    const origin = await start(config())
    const answers = new Map<string, string[]>()
    for (const [what, token] of Object.entries(await badTokens())) {
      const response = await inner(origin, `Bearer ${token}`)
      const { status, headers } = response
      const answer = JSON.stringify([
        status,
        headers.get('www-authenticate'),
        headers.get('cache-control'),
        await response.text(),
      ])
      answers.set(answer, [...(answers.get(answer) ?? []), what])
    }
    const [[first = '', alike = []] = [], ...others] = [...answers].sort((a, b) => b[1].length - a[1].length)
    expect(alike.length).toBeGreaterThan(30)
    expect(JSON.parse(first).slice(0, 3)).toEqual([
      401,
      `Bearer ${realm}, error="invalid_token", error_description="The access token is not valid here"`,
      'no-store',
    ])
    // that it has expired is what its owner has to know
    expect(others.map(([answer, what]) => [JSON.parse(answer)[0], what])).toEqual([[401, ['expired']]])
    expect(elsewhere.asked).toEqual([])
    // once, and once more for the first unknown key
    expect(ims.asked.length).toBeLessThanOrEqual(2)
  })

  test('says which scope is missing', async () => {
    const origin = await start(config())
    const token = await ims.sign(ims.claims({ scope: 'openid,AdobeID2' }))
    const response = await inner(origin, `Bearer ${token}`)
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer ${realm}, error="insufficient_scope", error_description="The access token lacks a scope", scope="openid AdobeID"`,
    )
    expect(await response.json()).toMatchObject({ error: 'insufficient_scope' })
  })

  test('answers with a Retry-After if IMS does not return its keys', async () => {
    const origin = await start(config({ retry: { retries: 0 } }))
    const token = await ims.sign(ims.claims())
    ims.fail = { status: 503, headers: { 'retry-after': '17' } }
    const response = await inner(origin, `Bearer ${token}`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '17'])
    expect(response.headers.get('www-authenticate')).toBeNull()
    ims.fail = { status: 404 }
    expect((await inner(origin, `Bearer ${token}`)).status).toBe(503)
    ims.fail = undefined
    expect((await inner(origin, `Bearer ${token}`)).status).toBe(200)
  })
})
