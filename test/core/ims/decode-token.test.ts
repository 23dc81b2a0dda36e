import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { getTokenData } from '../../../src/core/index.ts'
import { unsignedToken } from '../scripted-server.ts'

describe('getTokenData (S85)', () => {
  it('reads the claims as they are', () => {
    const claims = { type: 'access_token', created_at: '5', expires_in: '6', scope: 'a,b', ü: '☃' }
    expect(getTokenData(unsignedToken(claims))).toEqual(claims)
  })

  const part = (text: string) => Buffer.from(text).toString('base64url')
  it.each([
    undefined,
    null,
    5,
    {},
    '',
    'opaque',
    'a.b',
    'a.b.c',
    'a.b.c.d.e',
    '..',
    `${part('{}')}.${part('null')}.x`,
    `${part('{}')}.${part('[]')}.x`,
    `${part('{}')}.${part('"text"')}.x`,
    `${part('{}')}.${part('{"cut":')}.x`,
    `${part('{}')}.***.x`,
  ])('%j is BAD_TOKEN and says so', (token) => {
    expect(() => getTokenData(token as string)).toThrow(
      expect.objectContaining({ name: 'TokenError', code: 'BAD_TOKEN', message: expect.stringContaining('token') }),
    )
  })

  it('quotes nothing of the token', () => {
    try {
      getTokenData('opaque-canary')
    } catch (error) {
      expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain('canary')
    }
  })
})
