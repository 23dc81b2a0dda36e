import { expect, test } from 'vitest'
import { nearest } from '../../src/core/nearest.ts'

const names = ['clientId', 'clientSecret', 'scopes', 'orgId', 'resource', 'verifyIdTokenSignature']

test.each([
  ['clientID', 'clientId'],
  ['client_id', 'clientId'],
  ['clientSecert', 'clientSecret'],
  ['cleintScret', 'clientSecret'],
  ['scope', 'scopes'],
  ['resourse', 'resource'],
  ['esource', 'resource'],
  ['rresource', 'resource'],
  ['VERIFY_ID_TOKEN_SIGNATUR', 'verifyIdTokenSignature'],
])('%s was meant to be %s', (word, name) => expect(nearest(word, names)).toBe(name))

test.each(['', 'x', 'password', 'organisation', 'idTokenSignature', 'a'.repeat(1_000_000)])(
  'a word that is far from all has no nearest one',
  (word) => expect(nearest(word, names)).toBeUndefined(),
)

test('the nearest of several wins', () => {
  expect(nearest('tokens', ['tokem', 'token'])).toBe('token')
  expect(nearest('ab', ['ac', 'abc'])).toBe('ac')
})
