import { expect, test } from 'vitest'
import { authorizationCode, idTokenSignature } from '../../../src/adapters/browser/index.ts'

const app = { clientId: 'app', scopes: ['openid'] }

test.each([
  ['clientSecret', { clientSecret: 's3cret' }, 'SECRET_IN_BROWSER'],
  ['verifyIdTokenSignature, whose code is not there', { verifyIdTokenSignature: true }, 'BAD_OPTION'],
])('authorizationCode in a browser refuses %s', (_, option, code) => {
  const make = () => authorizationCode({ ...app, ...(option as object) })
  expect(make).toThrow(expect.objectContaining({ code, message: expect.not.stringContaining('s3cret') }))
})

test('authorizationCode in a browser takes a check of the ID token as a value', () => {
  expect(authorizationCode({ ...app, checkIdToken: idTokenSignature })).toMatchObject({ kind: 'oauth_public' })
})
