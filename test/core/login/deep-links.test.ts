import { expect, test } from 'vitest'
import { authorizationCode, createClient, memoryPlatform, signUp, socialLogin } from '../../../src/core/index.ts'

const flow = authorizationCode({ clientId: 'c', scopes: 'openid', redirectUri: 'https://app.example/' })
const client = createClient({ flow, ...memoryPlatform() })

test.each([
  [signUp, { idp_flow: 'create_account', provider_id: null }],
  [socialLogin('google'), { idp_flow: 'social.deep_link.web', provider_id: 'google' }],
])('%j are options of a login', async (deepLink, expected) => {
  const { searchParams } = await client.startLogin({ ...deepLink, locale: 'de_DE' })
  expect({ idp_flow: searchParams.get('idp_flow'), provider_id: searchParams.get('provider_id') }).toEqual(expected)
  expect([searchParams.get('locale'), searchParams.get('code_challenge_method')]).toEqual(['de_DE', 'S256'])
})

test.each([undefined, '', 'two words', 7, '&x=y'])('%j is not a provider', (provider) => {
  expect(() => socialLogin(provider as never)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})
