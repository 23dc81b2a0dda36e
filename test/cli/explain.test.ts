import { generateKeyPair, SignJWT } from 'jose'
import { beforeAll, expect, test } from 'vitest'
import { clientCredentials, createClient, memoryPlatform } from '../../src/core/index.ts'
import { createEmulator } from '../../src/emulator/index.ts'
import { build } from '../kit/build.ts'
import { newShell } from './command.ts'

beforeAll(() => build())

const { privateKey } = await generateKeyPair('RS256')
const signed = (claims: Record<string, unknown>) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'ims_na1-key-at-1' }).sign(privateKey)
const hour = 3_600_000
const access = () => ({
  type: 'access_token',
  client_id: 'my-client',
  user_id: 'ABC@AdobeID',
  scope: 'openid,AdobeID',
  as: 'ims-na1',
  created_at: String(Date.now() - hour),
  expires_in: String(24 * hour),
})

async function explain(
  token: string,
  ...args: string[]
): Promise<{ kind: string; missing: string[]; [key: string]: unknown }> {
  const { code, stdout } = await newShell().run(['explain', '-', '--json', ...args], { input: token })
  expect(code).toBe(0)
  return JSON.parse(stdout)
}

test('says whose a token is, for whom, for what and how long', async () => {
  const found = await explain(await signed(access()))
  expect(found).toMatchObject({
    kind: expect.stringContaining('an access token'),
    user: 'ABC@AdobeID',
    client: 'my-client',
    scopes: 'openid, AdobeID',
    'issued by': 'ims-na1 (production)',
    expires: expect.stringMatching(/\(in 23 hours\)$/),
    missing: [],
  })
  const { stdout } = await newShell().run(['explain', '-'], { input: await signed(access()) })
  expect(stdout).toMatch(/This is an access token/)
  expect(stdout).toMatch(/These claims are not verified/)
})

test("does not take the emulator's tokens for those of production", async () => {
  const { contexts, fetch, url } = await createEmulator()
  const { client_id: clientId, client_secrets: clientSecret, scopes } = contexts.oauth_server_to_server
  const flow = clientCredentials({ clientId, clientSecret, scopes })
  const token = await createClient({ flow, ...memoryPlatform(), fetch, endpoint: url }).getToken()
  expect((await explain(token))['issued by']).toMatch(/^ims-na1 \(its key is not one of Adobe; the emulator/)
})

test.each([
  ['expired', { created_at: '1000', expires_in: '1000' }, /^It expired \d+ days ago/],
  ['soon over', { created_at: String(Date.now()), expires_in: '300000' }, /^It expires in \d+ minutes/],
  ['without an end', { created_at: undefined }, /does not contain an expiry/],
  ['without a client', { client_id: undefined }, /does not name a client/],
  ['without an owner', { user_id: undefined }, /does not name a user/],
  ['without scopes', { scope: undefined }, /does not name scopes/],
  ['a refresh token', { type: 'refresh_token' }, /not an access token/],
  ['of another environment', { as: 'ims-na1-stg1' }, /another environment.*ims-na1-stg1/],
])('says what is wrong with one that is %s', async (_, changes, words) => {
  const { missing } = await explain(await signed({ ...access(), ...changes }), '--env', 'prod')
  expect(missing).toEqual([expect.stringMatching(words)])
})

test('says that an opaque one cannot be read', async () => {
  expect(await explain('no-jwt-at-all')).toMatchObject({ missing: [expect.stringContaining('cannot be read')] })
})

test('fails without a token', async () => {
  expect(await newShell().run(['explain', 'nobody'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('CONTEXT_NOT_CONFIGURED'),
  })
})
