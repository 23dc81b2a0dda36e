import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient, Ims, jwtBearer, memoryPlatform } from '../../src/core/index.ts'
import { type RecordedIms, startRecordedIms } from './recorder.ts'

// assertions that are signed by hand with jsonwebtoken, as Adobe's guide for service accounts showed

const old = createRequire(fileURLToPath(import.meta.resolve('@adobe/aio-lib-ims')))
const { sign, verify } = old('jsonwebtoken') as {
  sign(payload: object, key: string, options: object): string
  verify(token: string, key: string, options: object): Record<string, unknown>
}

let ims: RecordedIms
beforeAll(async () => {
  ims = await startRecordedIms()
})
afterAll(() => ims.close())

function byHand(metaScopes: readonly string[]): string {
  const { client_id, ims_org_id, technical_account_id, private_key } = ims.contexts.jwt
  const payload = {
    exp: Math.round(Date.now() / 1000 + 300),
    iss: ims_org_id,
    sub: technical_account_id,
    aud: `${ims.url}/c/${client_id}`,
    ...Object.fromEntries(metaScopes.map((scope) => [`${ims.url}/s/${scope}`, true])),
  }
  return sign(payload, private_key, { algorithm: 'RS256' })
}

async function byFlow(metaScopes: readonly string[]): Promise<string> {
  const { client_id, client_secret, ims_org_id, technical_account_id, private_key } = ims.contexts.jwt
  const flow = jwtBearer({
    clientId: client_id,
    clientSecret: client_secret,
    orgId: ims_org_id,
    technicalAccountId: technical_account_id,
    metaScopes,
    privateKey: private_key,
  })
  ims.seen.length = 0
  await createClient({ flow, endpoint: ims.url, ...memoryPlatform() }).getToken()
  return ims.seen[0]?.body.jwt_token ?? ''
}

test.each([[['ent_adobeio_sdk']], [['ent_adobeio_sdk', 'ent_user_sdk']]])(
  'the same claims and header for %j',
  async (metaScopes) => {
    const [theirs, ours] = [byHand(metaScopes), await byFlow(metaScopes)]
    const [{ exp: theirEnd = 0, iat: theirStart = 0, ...their }, { exp = 0, iat = 0, ...own }] = [theirs, ours].map(
      (token) => decodeJwt(token),
    ) as [ReturnType<typeof decodeJwt>, ReturnType<typeof decodeJwt>]
    expect(own).toEqual(their)
    expect(decodeProtectedHeader(ours)).toEqual(decodeProtectedHeader(theirs))
    expect(exp - iat).toBe(300)
    expect(Math.abs(exp - iat - (theirEnd - theirStart))).toBeLessThanOrEqual(1)
  },
)

test('jsonwebtoken accepts ours, and IMS takes an assertion of either', async () => {
  const { createPublicKey } = await import('node:crypto')
  const { client_id, client_secret, private_key } = ims.contexts.jwt
  const ours = await byFlow(['ent_adobeio_sdk'])
  const publicKey = String(createPublicKey(private_key).export({ type: 'spki', format: 'pem' }))
  const audience = `${ims.url}/c/${client_id}`
  expect(verify(ours, publicKey, { algorithms: ['RS256'], audience })).toMatchObject({ aud: audience })
  const low = new Ims({ endpoint: ims.url })
  const { access_token } = await low.exchangeJwtToken(client_id, client_secret, byHand(['ent_adobeio_sdk']))
  expect(access_token.token).toEqual(expect.any(String))
})
