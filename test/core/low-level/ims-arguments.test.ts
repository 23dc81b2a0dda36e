import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { good, imsAt, server } from '../ims/ims-on-server.ts'
import { failureOf, json } from '../scripted-server.ts'

it('wrong arguments are refused before anything is sent', async () => {
  server.play(json(good))
  const ims = imsAt()
  const none = undefined as unknown as string
  const wrong = [
    ims.getAccessTokenByClientCredentials(none, 's'),
    ims.getAccessTokenByClientCredentials('c', none),
    ims.exchangeJwtToken(none, 's', 'jwt'),
    ims.exchangeJwtToken('c', none, 'jwt'),
    ims.exchangeJwtToken('c', 's', none),
    ims.exchangeAuthorizationCode({ clientId: 'c', code: none }),
    ims.exchangeAuthorizationCode({ clientId: '', code: 'code' }),
    ims.refreshToken({ clientId: 'c', refreshToken: none }),
    ims.exchangeToken({ clientId: 'c', token: none, orgId: 'o' }),
    ims.exchangeToken({ clientId: 'c', token: 't' }),
    ims.exchangeToken({ clientId: 'c', token: 't', orgId: 'o', userId: 'u' }),
    ims.invalidateToken(none, 'c', 's'),
    ims.revokeToken(none, { clientId: 'c' }),
    ims.get('no-slash'),
    ims.get('@evil.test/ims/profile/v1', 'token'),
    ims.post('.evil.test/', 'token'),
    ims.validateTokenAllowList('t', 'a,b' as unknown as string[]),
    ims.getAccessTokenByClientCredentials('c', 's', 'o', [7] as unknown as string[]),
  ]
  for (const error of await Promise.all(wrong.map((work) => failureOf(work))))
    expect(error).toMatchObject({ code: 'BAD_OPTION' })
  for (const token of ['canary words', 'canary\nbreak', 'canary☃', {} as unknown as string]) {
    const error = await failureOf(ims.getProfile(token))
    expect(error).toMatchObject({ code: 'BAD_TOKEN' })
    expect(inspect(error)).not.toContain('canary')
  }
  expect(server.arrived).toHaveLength(0)
})
