import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { signAssertion as signByNode } from '../../src/adapters/node/exports.ts'
import { signAssertion as signByCore } from '../../src/core/exports.ts'

const now = Date.UTC(2026, 0, 1)
const claims = {
  clientId: 'client-ä',
  technicalAccountId: 'account@techacct.adobe.com',
  orgId: 'org@AdobeOrg',
  metaScopes: ['ent_user_sdk', 'https://ims.test/s/own'],
  endpoint: 'https://ims.test',
  now,
}
const newPem = () =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string

afterEach(() => vi.restoreAllMocks())

describe.each([
  ['core', signByCore],
  ['node', signByNode],
])('signAssertion of %s', (_entry, signAssertion) => {
  test('is a JWT as jose reads it, signed with the key', async () => {
    const privateKey = newPem()
    const assertion = await signAssertion({ ...claims, privateKey })
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: 'RS256', typ: 'JWT' })
    const audience = 'https://ims.test/c/client-ä'
    const { payload } = await jwtVerify(assertion, createPublicKey(privateKey), {
      currentDate: new Date(now),
      audience,
    })
    expect(payload).toEqual({
      iss: 'org@AdobeOrg',
      sub: 'account@techacct.adobe.com',
      aud: audience,
      iat: now / 1000,
      exp: now / 1000 + 300,
      'https://ims.test/s/ent_user_sdk': true,
      'https://ims.test/s/own': true,
    })
  })

  test('imports the key of a PEM once, and signs with the key of each PEM', async () => {
    const imports = vi.spyOn(crypto.subtle, 'importKey')
    const pems = [newPem(), newPem()]
    for (let round = 0; round < 3; round++)
      for (const privateKey of pems) {
        const assertion = await signAssertion({ ...claims, privateKey })
        await jwtVerify(assertion, createPublicKey(privateKey), { currentDate: new Date(now) })
      }
    expect(imports.mock.calls.filter(([, , , , usages]) => [...usages].includes('sign'))).toHaveLength(2)
  })
})
