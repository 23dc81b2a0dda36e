import { decodeJwt, exportPKCS8, exportSPKI, generateKeyPair, importPKCS8, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { post } from '../person.ts'

let emulator: RunningEmulator
let otherKey: CryptoKey

beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  otherKey = privateKey
  emulator = await startEmulator({
    clients: [
      {
        clientId: 'own',
        clientSecrets: ['s'],
        orgId: 'O@AdobeOrg',
        technicalAccountId: 'T@techacct.adobe.com',
        metaScopes: ['ent_user_sdk'],
        publicKeys: [await exportSPKI(publicKey)],
      },
      {
        clientId: 'with-jti',
        clientSecrets: ['s'],
        orgId: 'O@AdobeOrg',
        technicalAccountId: 'T@techacct.adobe.com',
        metaScopes: ['ent_user_sdk'],
        publicKeys: [await exportSPKI(publicKey)],
        requiresJti: true,
      },
    ],
  })
})
afterAll(() => emulator.close())

const nowInSeconds = () => Math.floor(Date.now() / 1000)

interface Change {
  readonly claims?: JWTPayload
  readonly form?: Record<string, string>
  readonly key?: CryptoKey | Uint8Array
  readonly alg?: string
}

async function exchange(
  { claims = {}, form = {}, key, alg = 'RS256' }: Change = {},
  { path = '/ims/exchange/jwt', url = emulator.url } = {},
) {
  const { jwt } = emulator.contexts
  const payload: JWTPayload = {
    exp: nowInSeconds() + 300,
    iss: jwt.ims_org_id,
    sub: jwt.technical_account_id,
    aud: `${emulator.url}/c/${jwt.client_id}`,
    [`${emulator.url}/s/ent_adobeio_sdk`]: true,
    ...claims,
  }
  const signingKey = key ?? (await importPKCS8(jwt.private_key, 'RS256'))
  const jwt_token = await new SignJWT(payload).setProtectedHeader({ alg, typ: 'JWT' }).sign(signingKey)
  const { client_id, client_secret } = jwt
  return post(url + path, { client_id, client_secret, jwt_token, ...form })
}

test.each(['/ims/exchange/jwt', '/ims/exchange/v1/jwt'])('%s issues a token, with its lifetime in ms', async (path) => {
  const { status, body } = await exchange({}, { path })
  expect(status).toBe(200)
  expect(body).toEqual({ token_type: 'bearer', access_token: expect.any(String), expires_in: 86399985 })
  expect(decodeJwt(body.access_token)).toMatchObject({
    user_id: emulator.contexts.jwt.technical_account_id,
    scope: 'ent_adobeio_sdk',
    org: emulator.contexts.jwt.ims_org_id,
  })
})

test('takes what @adobe/jwt-auth sends: a slash at the end, and metascopes by the URL of production', async () => {
  const claims = {
    [`${emulator.url}/s/ent_adobeio_sdk`]: undefined,
    'https://ims-na1.adobelogin.com/s/ent_user_sdk': true,
  }
  const { status, body } = await exchange({ claims }, { path: '/ims/exchange/jwt/' })
  expect(status).toBe(200)
  expect(decodeJwt(body.access_token).scope).toBe('ent_user_sdk')
  const elsewhere = { ...claims, 'https://ims-na1.example.com/s/ent_gdpr_sdk': true }
  expect(decodeJwt((await exchange({ claims: elsewhere })).body.access_token).scope).toBe('ent_user_sdk')
})

test('of a client that requires a jti, one that is missing or was used is invalid_jti', async () => {
  const ask = (jti?: string, key = otherKey) => {
    const claims = {
      iss: 'O@AdobeOrg',
      sub: 'T@techacct.adobe.com',
      aud: `${emulator.url}/c/with-jti`,
      [`${emulator.url}/s/ent_adobeio_sdk`]: undefined,
      [`${emulator.url}/s/ent_user_sdk`]: true,
      ...(jti === undefined ? {} : { jti }),
    }
    return exchange({ claims, form: { client_id: 'with-jti', client_secret: 's' }, key })
  }
  const refused = { status: 400, body: { error: 'invalid_jti' } }
  expect(await ask()).toMatchObject(refused)
  // only an assertion that was accepted uses its jti up
  const { privateKey } = await generateKeyPair('RS256')
  expect(await ask('1', privateKey)).toMatchObject({ body: { error: 'invalid_token' } })
  expect((await ask('1')).status).toBe(200)
  expect(await ask('1')).toMatchObject(refused)
  expect((await ask('2')).status).toBe(200)
})

test('jwtSignatureError says what a signature of another key is called', async () => {
  const own = await startEmulator({ jwtSignatureError: 'invalid_signature' })
  const claims = { aud: `${own.url}/c/emulator-jwt` }
  const answer = await exchange({ claims, key: otherKey }, { url: own.url })
  await own.close()
  expect(answer).toMatchObject({
    status: 400,
    body: {
      error: 'invalid_signature',
      error_description: 'Could not match JWT signature to any of the bindings',
    },
  })
})

test.each<[string, string, () => Change]>([
  ['Could not match JWT signature to any of the bindings', 'invalid_token', () => ({ key: otherKey })],
  [
    'JWT token is incorrectly formatted, and can not be decoded.',
    'invalid_token',
    () => ({ claims: { exp: '300' } as unknown as JWTPayload }),
  ],
  [
    'The metascopes in the JWT are not a subset of the metascopes in the binding.',
    'invalid_scope',
    () => ({ claims: scopeClaim('ent_unheard_of_sdk') }),
  ],
  ['invalid client_id parameter', 'invalid_client', () => ({ form: { client_id: 'nobody' } })],
  ['invalid client_secret parameter', 'invalid_client', () => ({ form: { client_secret: 'wrong' } })],
])('says "%s" as IMS does', async (error_description, error, change) => {
  expect((await exchange(change())).body).toEqual({ error, error_description })
})

test('accepts a client registered with its own key', async () => {
  const claims = {
    iss: 'O@AdobeOrg',
    sub: 'T@techacct.adobe.com',
    aud: `${emulator.url}/c/own`,
    [`${emulator.url}/s/ent_adobeio_sdk`]: undefined,
    [`${emulator.url}/s/ent_user_sdk`]: true,
  }
  const { status } = await exchange({ claims, form: { client_id: 'own', client_secret: 's' }, key: otherKey })
  expect(status).toBe(200)
})

const scopeClaim = (name: string, value: unknown = true) => ({
  [`${emulator.url}/s/ent_adobeio_sdk`]: undefined,
  [`${emulator.url}/s/${name}`]: value,
})

test.each<[string, number, string, () => Change]>([
  ['an unknown client', 400, 'invalid_client', () => ({ form: { client_id: 'nobody' } })],
  ['an aud of another client', 400, 'invalid_client', () => ({ claims: { aud: `${emulator.url}/c/other` } })],
  [
    'an aud of another environment',
    400,
    'invalid_client',
    () => ({ claims: { aud: 'https://ims-na1-stg1.adobelogin.com/c/emulator-jwt' } }),
  ],
  ['a wrong secret', 401, 'invalid_client', () => ({ form: { client_secret: 'wrong' } })],
  [
    'a client without the grant',
    401,
    'invalid_client',
    () => ({
      form: { client_id: 'emulator-web-app', client_secret: 'emulator-web-app-secret' },
      claims: { aud: `${emulator.url}/c/emulator-web-app` },
    }),
  ],
  ['no assertion', 400, 'invalid_token', () => ({ form: { jwt_token: '' } })],
  ['garbage', 400, 'invalid_token', () => ({ form: { jwt_token: 'gar.bage' } })],
  ['an expired assertion', 400, 'invalid_token', () => ({ claims: { exp: nowInSeconds() - 1 } })],
  ['a fractional exp', 400, 'invalid_token', () => ({ claims: { exp: nowInSeconds() + 0.5 } })],
  ['a jti that is no integer', 400, 'invalid_token', () => ({ claims: { jti: 'abc' } })],
  ['a missing exp', 400, 'bad_request', () => ({ claims: { exp: undefined } as unknown as JWTPayload })],
  ['a wrong sub', 400, 'bad_request', () => ({ claims: { sub: 'x@techacct.adobe.com' } })],
  ['a wrong iss', 400, 'bad_request', () => ({ claims: { iss: 'x@AdobeOrg' } })],
  ['a key that is not registered', 400, 'invalid_token', () => ({ key: otherKey })],
  ['another algorithm', 400, 'invalid_signature', () => ({ alg: 'HS256', key: new Uint8Array(32).fill(1) })],
  ['no metascope', 400, 'invalid_scope', () => ({ claims: scopeClaim('ent_adobeio_sdk', null) })],
  ['an unknown metascope', 400, 'invalid_scope', () => ({ claims: scopeClaim('ent_unheard_of_sdk') })],
  ['a metascope that is not true', 400, 'invalid_scope', () => ({ claims: scopeClaim('ent_user_sdk', 'true') })],
])('%s is a %i %s', async (_name, status, error, change) => {
  expect(await exchange(change())).toMatchObject({ status, body: { error, error_description: expect.any(String) } })
})

test('the private key of the context is PKCS#8 of 2048 bits', async () => {
  const key = await importPKCS8(emulator.contexts.jwt.private_key, 'RS256', { extractable: true })
  expect(key.algorithm).toMatchObject({ modulusLength: 2048 })
  expect(await exportPKCS8(key)).toContain('BEGIN PRIVATE KEY')
})
