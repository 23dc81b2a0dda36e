import { createRequire } from 'node:module'
import { auth as authToken } from '@adobe/auth-token'
import express, { type RequestHandler } from 'express'
import * as oidc from 'openid-client'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { callback, createPerson, post } from '../emulator/person.ts'
import { startServer } from '../kit/server.ts'
import { redirectAdobeHosts } from './adobe-hosts.ts'

// clients that others wrote for IMS or for any OpenID provider, as published, over sockets. What they accept of the
// emulator's answers was decided by their authors. @adobe/aio-lib-ims has its own file: old-library.test.ts

const require = createRequire(import.meta.url)
const email = 'user@example.com'
const production = 'https://ims-na1.adobelogin.com'

let emulator: RunningEmulator
let restore: () => void

beforeAll(async () => {
  emulator = await startEmulator({ autoLogin: email })
  restore = redirectAdobeHosts(emulator.url)
})
afterAll(async () => {
  restore()
  await emulator.close()
})

/** The paths that were asked for since this was called. */
function watch(): () => string[] {
  const before = emulator.requests.length
  return () => emulator.requests.slice(before).map(({ path }) => path)
}

async function validity(token: unknown, clientId: string): Promise<unknown> {
  const params = { token: String(token), type: 'access_token', client_id: clientId }
  return (await post(`${emulator.url}/ims/validate_token/v1`, params)).body
}

describe('@adobe/jwt-auth', () => {
  type Authorize = (options: object) => Promise<Record<string, unknown>>
  const authorize: Authorize = require('@adobe/jwt-auth')
  const options = () => {
    const { jwt } = emulator.contexts
    return {
      clientId: jwt.client_id,
      clientSecret: jwt.client_secret,
      technicalAccountId: jwt.technical_account_id,
      orgId: jwt.ims_org_id,
      privateKey: jwt.private_key,
      metaScopes: jwt.meta_scopes,
      ims: emulator.url,
    }
  }

  test.each([
    ['a short metascope', ['ent_adobeio_sdk']],
    ['metascopes in a text', 'ent_adobeio_sdk,ent_user_sdk'],
    ['a metascope as an address', [`${production}/s/ent_adobeio_sdk`]],
  ])('exchanges an assertion with %s', async (_, metaScopes) => {
    const asked = watch()
    const tokens = await authorize({ ...options(), metaScopes })
    expect(asked()).toEqual(['/ims/exchange/jwt/'])
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: expect.any(Number) })
    expect(await validity(tokens.access_token, options().clientId)).toMatchObject({ valid: true })
  })

  test.each([
    ['a wrong secret', { clientSecret: 'wrong' }, 'invalid_client'],
    ['an unknown client', { clientId: 'nobody' }, 'invalid_client'],
    ['an unknown metascope', { metaScopes: ['ent_nothing'] }, 'invalid_scope'],
    ['a technical account of another', { technicalAccountId: 'x@techacct.adobe.com' }, 'bad_request'],
  ])('reports %s by the code of IMS', async (_, change, code) => {
    await expect(authorize({ ...options(), ...change })).rejects.toMatchObject({ code })
  })
})

const machine = () => {
  const { client_id, client_secrets, ims_org_id, scopes } = emulator.contexts.oauth_server_to_server
  return { clientId: client_id, clientSecret: client_secrets[0] ?? '', orgId: ims_org_id, scopes }
}

describe('@adobe/auth-token', () => {
  const options = (change: object = {}) => {
    const { clientId, clientSecret, scopes } = machine()
    return { clientId, clientSecret, scope: scopes.join(','), environment: 'production', ...change }
  }

  test.each(['production', 'stage'])('gets a token of %s', async (environment) => {
    const asked = watch()
    const tokens = await authToken(options({ environment }))
    expect(asked()).toEqual(['/ims/token/v3'])
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 86_399 })
    expect(await validity(tokens.access_token, machine().clientId)).toMatchObject({ valid: true })
  })

  test.each([
    ['a wrong secret', { clientSecret: 'wrong' }, 'invalid client_secret parameter'],
    ['an unknown client', { clientId: 'nobody' }, 'invalid client_id parameter'],
  ])('reports %s with the answer of IMS', async (_, change, error_description) => {
    const failure = await authToken(options(change)).then(
      () => expect.fail('it was answered with a token'),
      (error: Error) => error,
    )
    expect(JSON.parse(failure.message)).toEqual({ error: 'invalid_client', error_description })
  })
})

describe('@adobe/aio-lib-core-auth', () => {
  interface CoreAuth {
    generateAccessToken(params: object, env?: string): Promise<Record<string, unknown>>
  }
  const { generateAccessToken }: CoreAuth = require('@adobe/aio-lib-core-auth')

  test.each(['prod', 'stage'])('gets a token of %s', async (env) => {
    const asked = watch()
    const { scopes, ...params } = machine()
    const tokens = await generateAccessToken({ ...params, scopes: [...scopes] }, env)
    expect(asked()).toEqual(['/ims/token/v2'])
    expect(await validity(tokens.access_token, params.clientId)).toMatchObject({ valid: true })
  })

  test('reports a wrong secret by the code of IMS', async () => {
    const params = { ...machine(), clientSecret: 'wrong', scopes: [] }
    await expect(generateAccessToken(params)).rejects.toMatchObject({
      code: 'IMS_TOKEN_ERROR',
      sdkDetails: { error: 'invalid_client' },
    })
  })
})

describe('openid-client', () => {
  const scope = 'openid profile email offline_access'
  const discover = (clientId: string, authentication: oidc.ClientAuth) =>
    oidc.discovery(new URL(emulator.url), clientId, undefined, authentication, {
      execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
    })
  const clients: [string, () => Promise<oidc.Configuration>][] = [
    ['client_secret_post', () => discover(...confidential(oidc.ClientSecretPost))],
    ['client_secret_basic', () => discover(...confidential(oidc.ClientSecretBasic))],
    ['a public client', () => discover(emulator.contexts.oauth_public.client_id, oidc.None())],
  ]
  function confidential(method: (secret: string) => oidc.ClientAuth): [string, oidc.ClientAuth] {
    const { client_id, client_secret } = emulator.contexts.oauth
    return [client_id, method(client_secret)]
  }

  async function signIn(config: oidc.Configuration) {
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
    const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()]
    const start = oidc.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope,
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    const { url } = await createPerson(emulator).visit(start)
    return oidc.authorizationCodeGrant(config, url, { pkceCodeVerifier, expectedState, expectedNonce })
  }

  test('finds everything by discovery of the issuer alone', async () => {
    const asked = watch()
    const metadata = (await discover('anyone', oidc.None())).serverMetadata()
    expect(asked()).toEqual(['/.well-known/openid-configuration'])
    expect(metadata.issuer).toBe(emulator.url)
    expect(metadata.supportsPKCE()).toBe(true)
  })

  test('finds the same by the metadata of OAuth (RFC 8414)', async () => {
    const config = await oidc.discovery(new URL(emulator.url), 'anyone', undefined, oidc.None(), {
      algorithm: 'oauth2',
      execute: [oidc.allowInsecureRequests],
    })
    expect(config.serverMetadata()).toMatchObject({ issuer: emulator.url, jwks_uri: `${emulator.url}/ims/keys` })
  })

  test.each(clients)('signs in, verifies, renews and revokes: %s', async (_, configured) => {
    const config = await configured()
    const tokens = await signIn(config)
    const { sub = '' } = tokens.claims() ?? {}
    expect(await oidc.fetchUserInfo(config, tokens.access_token, sub)).toMatchObject({ email })
    const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(renewed.access_token).not.toBe(tokens.access_token)
    expect(await oidc.fetchUserInfo(config, renewed.access_token, sub)).toMatchObject({ sub })
    await oidc.tokenRevocation(config, renewed.access_token)
    await expect(oidc.fetchUserInfo(config, renewed.access_token, sub)).rejects.toThrow()
  })

  test('gets a token for a machine', async () => {
    const { clientId, clientSecret, scopes } = machine()
    const config = await discover(clientId, oidc.ClientSecretPost(clientSecret))
    const tokens = await oidc.clientCredentialsGrant(config, { scope: scopes.join(',') })
    expect(await validity(tokens.access_token, clientId)).toMatchObject({ valid: true })
  })

  test('reports a code that was used by the code of IMS', async () => {
    const config = await discover(emulator.contexts.oauth_public.client_id, oidc.None())
    const url = new URL(`${callback}?code=used&state=x`)
    const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: 'x' }
    await expect(oidc.authorizationCodeGrant(config, url, checks)).rejects.toMatchObject({
      error: 'access_denied',
      status: 400,
    })
  })
})

describe('passport-adobe-oauth2', () => {
  interface Passport {
    use(strategy: object): void
    authenticate(name: string, options: object): RequestHandler
  }
  type Verify = (
    ...[access, refresh, profile, done]: [string, string, object, (error: null, user: object) => void]
  ) => void
  const { Strategy }: { Strategy: new (options: object, verify: Verify) => object } = require('passport-adobe-oauth2')
  const { Passport }: { Passport: new () => Passport } = require('passport')

  /** A site with a login by Adobe; `change` changes its options. */
  async function startSite(change: object = {}): Promise<string> {
    const app = express()
    const { url: origin, close } = await startServer(app)
    onTestFinished(close)
    const { client_id, client_secret } = emulator.contexts.oauth
    const passport = new Passport()
    const options = {
      clientID: client_id,
      clientSecret: client_secret,
      callbackURL: `${origin}/callback`,
      authorizationEndpoint: emulator.url,
      scope: ['openid', 'AdobeID', 'email', 'profile', 'offline_access'],
      state: true,
      ...change,
    }
    const verify: Verify = (access, refresh, profile, done) => done(null, { access, refresh, profile })
    passport.use(new Strategy(options, verify))
    const session = {}
    app.use((request, _, next) => {
      Object.assign(request, { session })
      next()
    })
    const authenticate = passport.authenticate('adobe', { session: false })
    app.get('/login', authenticate)
    app.get('/callback', authenticate, (request, response) => {
      response.json((request as unknown as { user: object }).user)
    })
    const failed: express.ErrorRequestHandler = (error, _, response, _next) => {
      response.status(500).json({ code: error.code ?? error.oauthError?.data, message: error.message })
    }
    app.use(failed)
    return origin
  }

  async function signIn(site: string): Promise<Response> {
    const start = await fetch(`${site}/login`, { redirect: 'manual' })
    const { url } = await createPerson(emulator).visit(start.headers.get('location') ?? '')
    return fetch(url)
  }

  test('signs in and reads the profile', async () => {
    const asked = watch()
    const response = await signIn(await startSite())
    const user = (await response.json()) as Record<string, unknown>
    expect(user).toMatchObject({
      refresh: expect.any(String),
      profile: { provider: 'adobe', id: expect.stringMatching(/@/), emails: [{ value: email }] },
    })
    expect(asked()).toEqual(['/ims/authorize/v1', '/ims/token/v1', '/ims/profile/v1'])
    expect(await validity(user.access, emulator.contexts.oauth.client_id)).toMatchObject({ valid: true })
  })

  test('reports a wrong secret by the code of IMS', async () => {
    const response = await signIn(await startSite({ clientSecret: 'wrong' }))
    expect(response.status).toBe(500)
    expect(JSON.stringify(await response.json())).toContain('invalid_client')
  })
})
