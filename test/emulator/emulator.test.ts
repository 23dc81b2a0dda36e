import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEmulator, type Emulator, type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { callback, post, publicCode, signIn } from './person.ts'

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

const clientCredentials = ({ contexts }: Emulator) => {
  const { client_id, client_secrets, ims_org_id, scopes } = contexts.oauth_server_to_server
  const client_secret = client_secrets[0] ?? ''
  return { grant_type: 'client_credentials', client_id, client_secret, org_id: ims_org_id, scope: scopes.join(',') }
}

test('setTime turns the Date header and the times in tokens, and lets the clock run again', async () => {
  emulator.setTime(Date.UTC(2030, 0, 1))
  const { body, response } = await post(`${emulator.url}/ims/token/v2`, clientCredentials(emulator))
  emulator.setTime(undefined)
  expect(response.headers.get('date')).toBe('Tue, 01 Jan 2030 00:00:00 GMT')
  expect(JSON.parse(atob(body.access_token.split('.')[1])).created_at).toBe(String(Date.UTC(2030, 0, 1)))
  expect(emulator.requests.at(-1)?.at).toBe(Date.UTC(2030, 0, 1))
  const later = await fetch(`${emulator.url}/ims/keys`)
  expect(new Date(later.headers.get('date') ?? '').getUTCFullYear()).not.toBe(2030)
})

describe('requests', () => {
  test('lists what arrived, oldest first, without secrets', async () => {
    const own = await startEmulator()
    const code = await publicCode(own)
    const { body } = await post(`${own.url}/ims/token/v3`, { grant_type: 'authorization_code', ...code })
    await post(`${own.url}/ims/token/v2`, { ...clientCredentials(own), resource: 'https://a.example' })
    await post(`${own.url}/ims/invalidate_token/v2?token=${body.access_token}`, {
      client_id: 'emulator-public',
      token_type: 'access_token',
    })
    await post(`${own.url}/ims/validate_token/v1?odd=${body.refresh_token}`, { a: '1', __proto__x: '2' })
    const { requests } = own
    expect(requests.map(({ method, path, status }) => [method, path, status])).toEqual([
      ['GET', '/ims/authorize/v2', 200],
      ['POST', '/ims/authorize/v2', 303],
      ['GET', '/ims/authorize/v2', 200],
      ['POST', '/ims/authorize/v2', 303],
      ['GET', '/ims/authorize/v2', 302],
      ['POST', '/ims/token/v3', 200],
      ['POST', '/ims/token/v2', 200],
      ['POST', '/ims/invalidate_token/v2', 200],
      ['POST', '/ims/validate_token/v1', 400],
    ])
    expect(requests[1]?.params).toMatchObject({ email: 'user@example.com', password: '[redacted]' })
    expect(requests[5]?.params).toEqual({
      grant_type: 'authorization_code',
      client_id: 'emulator-public',
      code: '[redacted]',
      code_verifier: '[redacted]',
    })
    expect(requests[6]?.params).toMatchObject({ client_secret: '[redacted]', resource: 'https://a.example' })
    expect(requests[7]?.params).toMatchObject({ token: '[redacted]', token_type: 'access_token' })
    expect(requests[8]?.params).toMatchObject({ odd: '[redacted]', a: '1' })
    const text = JSON.stringify(requests)
    const secrets = [code.code, code.code_verifier, body.access_token, body.refresh_token, 'emulator-first-secret']
    for (const secret of secrets) expect(text).not.toContain(secret)
    await own.close()
  })

  test('a plain challenge is a secret, an S256 one is not; a repeated parameter is an array', async () => {
    const url = new URL(`${emulator.url}/ims/authorize/v2?code_challenge=abc&resource=a&resource=b`)
    await fetch(url)
    expect(emulator.requests.at(-1)?.params).toEqual({ code_challenge: '[redacted]', resource: ['a', 'b'] })
    url.searchParams.set('code_challenge_method', 'S256')
    await fetch(url)
    expect(emulator.requests.at(-1)?.params.code_challenge).toBe('abc')
  })
})

describe('in process', () => {
  test('answers without a socket, by Request or by URL, and returns redirects', async () => {
    const inside = await createEmulator({ autoLogin: 'user@example.com' })
    const { client_id, scope } = inside.contexts.oauth
    const query = new URLSearchParams({ client_id, scope, redirect_uri: callback })
    const redirect = await inside.fetch(new Request(`${inside.url}/ims/authorize/v2?${query}`))
    expect(redirect.status).toBe(302)
    expect(redirect.headers.get('location')).toMatch(/\?code=eyJ/)
    const token = await inside.fetch(`${inside.url}/ims/token/v2`, {
      method: 'POST',
      body: new URLSearchParams(clientCredentials(inside)),
    })
    expect(token.status).toBe(200)
  })

  test('rejects like fetch does: on abort with the reason, on a dropped connection with a TypeError', async () => {
    const inside = await createEmulator({ endpoint: 'https://ims.example.com/' })
    expect(inside.contexts.jwt.endpoint).toBe('https://ims.example.com')
    const keys = `${inside.url}/ims/keys`
    await expect(inside.fetch(keys, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough')
    inside.fault({ path: '/', delay: 60_000 })
    const aborter = new AbortController()
    const waiting = inside.fetch(keys, { signal: aborter.signal })
    aborter.abort('changed my mind')
    await expect(waiting).rejects.toBe('changed my mind')
    inside.fault({ path: '/', drop: 'after' })
    await expect(inside.fetch(keys)).rejects.toThrow(TypeError)
    inside.fault({ path: '/', drop: 'mid-body' })
    await expect((await inside.fetch(keys)).text()).rejects.toThrow(TypeError)
  })
})

describe('options', () => {
  test('own issuer, lifetimes and opaque access tokens', async () => {
    const own = await startEmulator({
      issuer: 'https://issuer.example.com/ims',
      accessTokenLifetime: 3_600_000,
      refreshTokenLifetime: 7_200_000,
      opaqueTokens: true,
    })
    const { body } = await post(`${own.url}/ims/token/v3`, {
      grant_type: 'authorization_code',
      ...(await publicCode(own)),
    })
    expect(body.access_token).toMatch(/^[\w-]{64}$/)
    expect(body.expires_in).toBe(3599)
    const claims = (token: string) =>
      JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')))
    expect(claims(body.refresh_token).expires_in).toBe('7200000')
    expect(claims(body.id_token).iss).toBe('https://issuer.example.com/ims')
    const authorization = `Bearer ${body.access_token}`
    expect((await fetch(`${own.url}/ims/profile/v1`, { headers: { authorization } })).status).toBe(200)
    await own.close()
  })

  test('own users and clients', async () => {
    const own = await startEmulator({
      users: [{ email: 'user@example.com', userId: 'ABC@AdobeID', firstName: 'Ada', country: 'CH' }],
      clients: [{ clientId: 'mine', clientSecrets: ['s'], redirectUris: [callback] }],
    })
    const scope = 'openid,profile,address'
    const back = await signIn(own, { client_id: 'mine', scope, redirect_uri: callback })
    const { body } = await post(`${own.url}/ims/token/v3`, {
      grant_type: 'authorization_code',
      client_id: 'mine',
      client_secret: 's',
      code: back.searchParams.get('code') ?? '',
    })
    const headers = { authorization: `Bearer ${body.access_token}` }
    const info = await (await fetch(`${own.url}/ims/userinfo/v2`, { headers })).json()
    expect(info).toMatchObject({ sub: 'ABC@AdobeID', given_name: 'Ada', address: { country: 'CH' } })
    await own.close()
  })

  test.each([
    ['an endpoint that is no URL', { endpoint: 'nowhere' }],
    ['a lifetime of nothing', { accessTokenLifetime: 0 }],
    ['a client without an id', { clients: [{ clientId: '' }] }],
    ['a key that is none', { clients: [{ clientId: 'x', publicKeys: ['-----BEGIN PUBLIC KEY-----\nabc'] }] }],
    ['a way to refuse that there is none of', { tokenErrorRedirects: 'sometimes' as 'all' }],
    ['an error that there is none of', { jwtSignatureError: 'bad_key' as 'invalid_token' }],
    ['redirect URIs that are not a list', { redirectUris: 'https://app.example/' as unknown as string[] }],
    ['a redirect URI that is not one', { redirectUris: [7 as unknown as string] }],
    ['a listener that cannot be called', { onRequest: 'x' as unknown as () => void }],
    ['a user without an address', { users: [{ email: '' }] }],
  ])('refuses %s', async (_name, options) => {
    await expect(createEmulator(options)).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })
})

test('needs nothing of Node, imports nothing early and does nothing on import', async () => {
  const bundle = await build({
    entryPoints: ['src/emulator/index.ts'],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import'],
    external: ['node:http', 'node:https'],
    write: false,
    metafile: true,
  })
  const imports = Object.values(bundle.metafile.outputs).flatMap((output) => output.imports)
  expect(imports).toEqual([
    { path: 'node:http', kind: 'dynamic-import', external: true },
    { path: 'node:https', kind: 'dynamic-import', external: true },
  ])
  const folder = await mkdtemp(join(tmpdir(), 'emulator-bundle-'))
  await writeFile(join(folder, 'emulator.mjs'), bundle.outputFiles[0]?.text ?? '')
  const script = `
    const url = ${JSON.stringify(pathToFileURL(join(folder, 'emulator.mjs')).href)}
    for (const name of ['fetch', 'Request', 'Response', 'Headers', 'setTimeout'])
      Object.defineProperty(globalThis, name, { get() { throw new Error('touched ' + name) } })
    await import(url)`
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
  await rm(folder, { recursive: true })
})
