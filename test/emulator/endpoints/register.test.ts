import { createHash, randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'

let emulator: Emulator
beforeAll(async () => {
  emulator = await createEmulator({ autoLogin: 'user@example.com' })
})

const redirect_uri = 'https://app.example/callback'
const send = async (body: string, type = 'application/json') => {
  const init = { method: 'POST', body, headers: { 'content-type': type } }
  const response = await emulator.fetch(`${emulator.url}/ims/register`, init)
  return { status: response.status, headers: response.headers, body: await response.json() }
}
const register = (metadata: unknown) => send(JSON.stringify(metadata))

async function codeFor(client_id: string, extra: Record<string, string> = {}): Promise<URL> {
  const query = new URLSearchParams({ client_id, redirect_uri, scope: 'openid', response_type: 'code', ...extra })
  const answer = await emulator.fetch(`${emulator.url}/ims/authorize/v2?${query}`)
  return new URL(answer.headers.get('location') ?? 'about:blank')
}

async function redeem(params: Record<string, string>) {
  const body = new URLSearchParams({ grant_type: 'authorization_code', ...params })
  const response = await emulator.fetch(`${emulator.url}/ims/token/v3`, { method: 'POST', body })
  return { status: response.status, body: await response.json() }
}

describe('a client that registers', () => {
  test('is confidential by default, as RFC 7591 says, and can sign users in', async () => {
    const { status, headers, body } = await register({
      client_name: 'An app',
      redirect_uris: [redirect_uri],
      scope: 'openid email',
    })
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store'])
    expect(body).toEqual({
      client_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      client_id_issued_at: expect.any(Number),
      client_secret: expect.stringMatching(/^[0-9a-f]{48}$/),
      client_secret_expires_at: 0,
      client_name: 'An app',
      redirect_uris: [redirect_uri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'openid email',
    })
    const { client_id, client_secret } = body
    const back = await codeFor(client_id)
    expect(back.origin + back.pathname).toBe(redirect_uri)
    const code = back.searchParams.get('code') ?? ''
    expect((await redeem({ client_id, client_secret: 'wrong', code })).body.error).toBe('invalid_client')
    expect((await redeem({ client_id, client_secret, code })).status).toBe(200)
    expect((await codeFor(client_id, { scope: 'openid,other' })).searchParams.get('error')).toBe('invalid_scope')
  })

  test('is public if it says so, and then needs PKCE and has no secret', async () => {
    const { body } = await register({ redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' })
    expect(body).not.toHaveProperty('client_secret')
    expect(body).not.toHaveProperty('client_secret_expires_at')
    const { client_id } = body
    expect((await codeFor(client_id)).searchParams.get('error')).toBe('invalid_request')
    const code_verifier = randomBytes(32).toString('base64url')
    const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')
    const back = await codeFor(client_id, { code_challenge, code_challenge_method: 'S256' })
    const code = back.searchParams.get('code') ?? ''
    expect((await redeem({ client_id, code, code_verifier })).status).toBe(200)
  })

  test('gets a refresh token only if it registered for that, and the grants that there are', async () => {
    const granted = async (grant_types: string[]) =>
      (await register({ redirect_uris: [redirect_uri], grant_types })).body
    expect((await granted(['authorization_code', 'refresh_token', 'urn:x'])).grant_types).toEqual([
      'authorization_code',
      'refresh_token',
    ])
    expect(await granted(['implicit'])).toMatchObject({ grant_types: ['implicit'], response_types: ['token'] })
    expect(await granted(['password'])).toMatchObject({ error: 'invalid_client_metadata' })
  })

  test('is never sent anywhere but to its own redirect URIs', async () => {
    const { body } = await register({ redirect_uris: [redirect_uri] })
    const back = await codeFor(body.client_id, { redirect_uri: 'https://evil.example/' })
    expect(back.origin).toBe('https://app.example')
  })

  test('may use https, loopback and schemes of apps', async () => {
    const redirect_uris = ['http://127.0.0.1:9/cb', 'http://localhost:1/', 'http://[::1]/', 'adobe+x://adobeid/c']
    expect((await register({ redirect_uris })).status).toBe(201)
  })
})

describe('a registration is refused', () => {
  test.each([
    [undefined],
    [[]],
    [['relative']],
    [['']],
    [['https://app.example/#fragment']],
    [['http://app.example/']],
    [['javascript:alert(1)']],
    [['data:text/html,x']],
    [[`https://app.example/${'x'.repeat(2_000)}`]],
    [Array.from({ length: 21 }, () => redirect_uri)],
  ])('for the redirect URIs %j', async (redirect_uris) => {
    expect(await register({ redirect_uris })).toMatchObject({ status: 400, body: { error: 'invalid_redirect_uri' } })
  })

  test.each([
    null,
    [],
    'text',
    { redirect_uris: 'https://app.example/' },
    { redirect_uris: [1] },
    { redirect_uris: [redirect_uri], token_endpoint_auth_method: 'private_key_jwt' },
    { redirect_uris: [redirect_uri], grant_types: 'authorization_code' },
    { redirect_uris: [redirect_uri], grant_types: [] },
    { redirect_uris: [redirect_uri], client_name: 5 },
    { redirect_uris: [redirect_uri], scope: ['openid'] },
  ])('for the metadata %j', async (metadata) => {
    expect(await register(metadata)).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } })
  })

  test('if the body is not JSON, or too large', async () => {
    const refused = { status: 400, body: { error: 'invalid_client_metadata' } }
    expect(await send('{"cut":')).toMatchObject(refused)
    expect(await send(`redirect_uris=${redirect_uri}`, 'application/x-www-form-urlencoded')).toMatchObject(refused)
    const large = { redirect_uris: [redirect_uri], client_name: 'x'.repeat(1_000_000) }
    expect(await send(JSON.stringify(large))).toMatchObject(refused)
  })
})

test('the oldest of too many registered clients is removed, never one of the setup', async () => {
  const first = (await register({ redirect_uris: [redirect_uri] })).body.client_id
  const isKnown = async (id: string) => (await codeFor(id)).protocol === 'https:'
  expect(await isKnown(first)).toBe(true)
  let last = ''
  for (let count = 0; count < 1_000; count++) last = (await register({ redirect_uris: [redirect_uri] })).body.client_id
  expect(await isKnown(first)).toBe(false)
  expect(await isKnown(last)).toBe(true)
  const { client_id, client_secrets, scopes } = emulator.contexts.oauth_server_to_server
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id,
    client_secret: client_secrets[0] ?? '',
    scope: scopes.join(','),
  })
  expect((await emulator.fetch(`${emulator.url}/ims/token/v3`, { method: 'POST', body })).status).toBe(200)
})
