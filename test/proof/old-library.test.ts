import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { authorizeUrl, callback, createPerson } from '../emulator/person.ts'
import { newPlace } from '../kit/place.ts'
import { oldLibrary, type Program } from '../kit/program.ts'
import { withoutEndpoint } from '../kit/ready-made.ts'

// @adobe/aio-lib-ims 8 as published, against the emulator: what it gets there is what it was written for

interface Expiring {
  readonly token: string
  readonly expiry: number
}
interface TokenResult {
  readonly access_token: Expiring
  readonly refresh_token?: Expiring
  readonly payload: Record<string, unknown>
}
type Data = Record<string, unknown> & { access_token?: Expiring; refresh_token?: Expiring }

const day = 86_400_000
const require = createRequire(import.meta.url)
const { sign } = require('jsonwebtoken') as { sign(payload: object, key: string, options: object): string }

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
})
afterAll(() => emulator.close())

const program = () => oldLibrary({ place: newPlace(), endpoint: emulator.url })

/** The paths that were asked for since this was called. */
function watch(): () => string[] {
  const before = emulator.requests.length
  return () => emulator.requests.slice(before).map(({ path }) => path)
}

const dataOf = async (library: Program, name: string) =>
  (await library.call<{ data: Data | undefined }>('context.get', name)).data

async function newCode(): Promise<string> {
  const { client_id, scope } = emulator.contexts.oauth
  const url = authorizeUrl(emulator, { client_id, scope, redirect_uri: callback })
  return (await createPerson(emulator).visit(url)).url.searchParams.get('code') ?? ''
}

async function userTokens(library: Program): Promise<TokenResult> {
  const { client_id, client_secret, scope } = emulator.contexts.oauth
  return library.call('ims.getAccessToken', await newCode(), client_id, client_secret, scope)
}

describe('getToken', () => {
  test.each([
    ['jwt', '/ims/exchange/jwt'],
    ['oauth_server_to_server', '/ims/token/v2'],
  ] as const)('of a %s context: obtained once, reused, obtained again when it ends', async (kind, path) => {
    const library = program()
    await library.call('context.set', 'machine', withoutEndpoint(emulator.contexts[kind]))
    const asked = watch()
    const first = await library.call<string>('getToken', 'machine')
    expect(await library.call('getToken', 'machine')).toBe(first)
    expect(asked()).toEqual([path])
    const { access_token } = (await dataOf(library, 'machine')) ?? {}
    expect(Math.abs((access_token?.expiry ?? 0) - Date.now() - day)).toBeLessThan(20_000)
    await library.call('context.set', 'machine.access_token', { token: first, expiry: Date.now() + 599_000 })
    expect(await library.call('getToken', 'machine')).not.toBe(first)
    expect(asked()).toEqual([path, path])
  })

  test('refreshes with a rotating refresh token, and stores the new one', async () => {
    const library = program()
    const { access_token: _, refresh_token } = await userTokens(library)
    await library.call('context.set', 'person', { ...withoutEndpoint(emulator.contexts.oauth), refresh_token })
    const asked = watch()
    const token = await library.call<string>('getToken', 'person')
    expect(asked()).toEqual(['/ims/token/v1'])
    const stored = await dataOf(library, 'person')
    expect(stored?.access_token?.token).toBe(token)
    expect(stored?.refresh_token?.token).not.toBe(refresh_token?.token)
    expect(Math.abs((stored?.refresh_token?.expiry ?? 0) - Date.now() - 14 * day)).toBeLessThan(20_000)
  })

  test.each(['oauth', 'cli'])('signs a user in through the relay for an %s context', async (kind) => {
    const library = program()
    const data =
      kind === 'cli' ? { 'cli.bare-output': true } : { ...withoutEndpoint(emulator.contexts.oauth), bare: true }
    if (kind === 'cli') await library.call('context.setCli', data)
    else await library.call('context.set', kind, data)
    const token = library.call<string>('getToken', kind, { open: false })
    const [, url = ''] = await library.said(/(http:\/\/127\.0\.0\.1\S+)\s/)
    const { url: back } = await createPerson(emulator).visit(url)
    expect(back.hostname).toBe('localhost')
    await fetch(back, { redirect: 'manual' })
    expect(await library.call('ims.get', '/ims/profile/v1', await token)).toMatchObject({ email: 'user@example.com' })
    expect((await dataOf(library, kind))?.refresh_token?.token).toEqual(expect.any(String))
  })

  test('fails with what the emulator says, and stores nothing', async () => {
    const library = program()
    const { jwt, oauth_server_to_server } = emulator.contexts
    const { private_key: foreign } = (await startAnother()).jwt
    const faulty: [string, object, RegExp][] = [
      ['bad-secret', { ...oauth_server_to_server, client_secrets: ['wrong'] }, /^400 .*"invalid_client"/],
      ['unknown-client', { ...oauth_server_to_server, client_id: 'nobody' }, /^400 .*"invalid_client"/],
      ['bad-jwt-secret', { ...jwt, client_secret: 'wrong' }, /^401 .*"invalid_client"/],
      ['bad-key', { ...jwt, private_key: foreign }, /^400 .*"invalid_token"/],
      ['bad-account', { ...jwt, technical_account_id: 'x@techacct.adobe.com' }, /^400 .*"bad_request"/],
      ['bad-scope', { ...jwt, meta_scopes: ['ent_nothing'] }, /^400 .*"invalid_scope"/],
    ]
    for (const [name, { endpoint: _, ...data }, message] of faulty as [string, { endpoint?: string }, RegExp][]) {
      await library.call('context.set', name, data)
      await expect(library.call('getToken', name), name).rejects.toThrow(message)
      expect(await dataOf(library, name)).not.toHaveProperty('access_token')
    }
    await library.call('context.set', 'incomplete', { client_id: 'x' })
    await expect(library.call('getToken', 'incomplete')).rejects.toMatchObject({ code: 'CANNOT_GENERATE_TOKEN' })
    await expect(library.call('getToken', 'missing')).rejects.toMatchObject({ code: 'CONTEXT_NOT_CONFIGURED' })
  })
})

async function startAnother() {
  const { contexts, close } = await startEmulator()
  await close()
  return contexts
}

describe('invalidateToken', () => {
  test('invalidates the access token at IMS and locally, and leaves the refresh token', async () => {
    const library = program()
    const { payload: _, ...tokens } = await userTokens(library)
    await library.call('context.set', 'person', { ...withoutEndpoint(emulator.contexts.oauth), ...tokens })
    await library.call('invalidateToken', 'person')
    const stored = await dataOf(library, 'person')
    expect(stored).not.toHaveProperty('access_token')
    expect(stored?.refresh_token).toEqual(tokens.refresh_token)
    expect(await library.call('ims.validateToken', tokens.access_token.token)).toEqual({
      valid: false,
      reason: 'revoked',
    })
    expect(await library.call('ims.validateToken', tokens.refresh_token?.token)).toMatchObject({ valid: true })
  })

  test('by force ends both', async () => {
    const library = program()
    const { payload: _, ...tokens } = await userTokens(library)
    await library.call('context.set', 'person', { ...withoutEndpoint(emulator.contexts.oauth), ...tokens })
    await library.call('invalidateToken', 'person', true)
    const stored = await dataOf(library, 'person')
    expect(stored).not.toHaveProperty('access_token')
    expect(stored).not.toHaveProperty('refresh_token')
    for (const { token } of [tokens.access_token, tokens.refresh_token ?? { token: '' }]) {
      expect(await library.call('ims.validateToken', token)).toEqual({ valid: false, reason: 'revoked' })
    }
    await expect(library.call('invalidateToken', 'person', true)).rejects.toMatchObject({ code: 'INVALID_TOKEN' })
  })
})

describe('the low-level calls', () => {
  test('a code, then a refresh token, become tokens; each works once', async () => {
    const library = program()
    const { client_id, client_secret, scope } = emulator.contexts.oauth
    const code = await newCode()
    const redeem = (grant: string | undefined) =>
      library.call<TokenResult>('ims.getAccessToken', grant, client_id, client_secret, scope)
    const first = await redeem(code)
    expect(first.payload).toMatchObject({ token_type: 'bearer', expires_in: day - 15, email: 'user@example.com' })
    await expect(redeem(code)).rejects.toThrow(/^400 .*"access_denied"/)
    const fresh = await redeem(await newCode())
    const second = await redeem(fresh.refresh_token?.token)
    expect(second.refresh_token?.token).not.toBe(fresh.refresh_token?.token)
    await expect(redeem(fresh.refresh_token?.token)).rejects.toThrow(/^400 .*"invalid_grant"/)
    await expect(redeem(second.access_token.token)).rejects.toMatchObject({ code: 'UNKNOWN_AUTHCODE_TYPE' })
    await expect(library.call('ims.getAccessToken', await newCode(), client_id, 'wrong', scope)).rejects.toThrow(
      /^400 .*"invalid_client"/,
    )
  })

  test('exchangeJwtToken, and what is wrong with an assertion', async () => {
    const library = program()
    const { client_id, client_secret, private_key, ims_org_id, technical_account_id } = emulator.contexts.jwt
    const exchange = (claims: object, secret = client_secret) => {
      const base = {
        exp: Math.round(Date.now() / 1000 + 300),
        iss: ims_org_id,
        sub: technical_account_id,
        aud: `${emulator.url}/c/${client_id}`,
        [`${emulator.url}/s/ent_adobeio_sdk`]: true,
      }
      const assertion = sign({ ...base, ...claims }, private_key, { algorithm: 'RS256' })
      return library.call<TokenResult>('ims.exchangeJwtToken', client_id, secret, assertion)
    }
    const { access_token, payload } = await exchange({})
    expect(payload).toMatchObject({ token_type: 'bearer', expires_in: day - 15 })
    expect(Math.abs(access_token.expiry - Date.now() - day)).toBeLessThan(20_000)
    await expect(exchange({ exp: 1_000_000_000 })).rejects.toThrow(/^400 .*"invalid_token"/)
    await expect(exchange({ iss: 'other@AdobeOrg' })).rejects.toThrow(/^400 .*"bad_request"/)
    await expect(exchange({ aud: `${emulator.url}/c/other` })).rejects.toThrow(/^400 .*"invalid_client"/)
    await expect(exchange({}, 'wrong')).rejects.toThrow(/^401 .*"invalid_client"/)
  })

  test('validateToken and validateTokenAllowList', async () => {
    const library = program()
    const { client_id, client_secrets, ims_org_id, scopes } = emulator.contexts.oauth_server_to_server
    const { access_token, payload } = await library.call<TokenResult>(
      'ims.getAccessTokenByClientCredentials',
      ...[client_id, client_secrets[0], ims_org_id, scopes],
    )
    expect(payload).toMatchObject({ token_type: 'bearer', expires_in: 86_399 })
    const { token } = access_token
    const validate = (...args: unknown[]) => library.call('ims.validateToken', ...args)
    const allow = (...args: unknown[]) => library.call('ims.validateTokenAllowList', ...args)
    expect(await validate(token)).toMatchObject({ valid: true, token: { client_id } })
    expect(await validate(token, 'emulator-jwt')).toMatchObject({ valid: false })
    expect(await validate(`${token.slice(0, -8)}AAAAAAAA`)).toEqual({ valid: false, reason: 'bad_signature' })
    expect(await validate('garbage')).toEqual({ valid: false, reason: 'bad payload' })
    expect(await allow(token, [client_id])).toMatchObject({ valid: true })
    expect(await allow(token, ['other'])).toMatchObject({ valid: false, reason: expect.stringContaining('allow list') })
    expect(await library.call('ims.invalidateToken', token, client_id, client_secrets[0])).toBe('')
    expect(await validate(token)).toEqual({ valid: false, reason: 'revoked' })
    await expect(validate(token, 'nobody')).rejects.toThrow(/^400 .*"invalid_client"/)
  })

  test('getOrganizations, get, post, toTokenResult and fromToken', async () => {
    const library = program()
    const { token, expiry } = (await userTokens(library)).access_token
    const orgRef = { ident: '0123456789ABCDEF01234567', authSrc: 'AdobeOrg' }
    expect((await library.call<object[]>('ims.getOrganizations', token))[0]).toMatchObject({ orgRef })
    expect(await library.call('ims.get', '/ims/profile/v1', token)).toMatchObject({ email: 'user@example.com' })
    const parameters = { type: 'access_token', client_id: emulator.contexts.oauth.client_id }
    expect(await library.call('ims.post', '/ims/validate_token/v1', token, parameters)).toMatchObject({ valid: true })
    expect(await library.call('ims.toTokenResult', token)).toMatchObject({ access_token: { token, expiry } })
    const production = 'https://ims-na1.adobelogin.com'
    const unredirected = oldLibrary({ place: newPlace(), endpoint: production })
    expect(await unredirected.call('fromToken', token)).toBe(production)
    await expect(library.call('ims.getOrganizations', 'garbage')).rejects.toThrow(/^401 .*"invalid_token"/)
  })

  test('a GET gets past a 429 or 503, but not past too many', async () => {
    const library = program()
    const { token } = (await userTokens(library)).access_token
    const endure = async (path: string, status: number) => {
      emulator.fault({ path, status, body: 'busy' })
      expect(await library.call('ims.get', path, token)).toBeInstanceOf(Object)
      const takeBack = emulator.fault({ path, status, body: 'busy', times: 10 })
      await expect(library.call('ims.get', path, token)).rejects.toThrow(new RegExp(`^${status} .*busy`))
      takeBack()
    }
    await Promise.all([endure('/ims/organizations/v6', 429), endure('/ims/profile/v1', 503)])
  })
})

test('the current context is the one that is used without a name', async () => {
  const library = program()
  await library.call('context.set', 'machine', withoutEndpoint(emulator.contexts.oauth_server_to_server))
  await library.call('context.setCurrent', 'machine')
  expect(await library.call('context.getCurrent')).toBe('machine')
  const token = await library.call('getToken')
  expect((await dataOf(library, 'machine'))?.access_token?.token).toBe(token)
})
