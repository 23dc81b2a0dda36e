import { describe, expect, test } from 'vitest'
import { authorizationCode } from '../../../src/adapters/worker/index.ts'
import { createNextAuth } from '../../../src/bindings/next/index.ts'

// what works without Next; test/world/next-auth.test.ts has the rest, in an app that is built for production

const flowWith = (redirectUri?: string) =>
  authorizationCode({
    clientId: 'app',
    clientSecret: 's',
    scopes: 'openid',
    ...(redirectUri !== undefined && { redirectUri }),
  })
const sessionSecret = 'x'.repeat(48)

describe('createNextAuth', () => {
  test.each([undefined, '/auth/callback'])('with the redirect URI %s needs the origin of the site', (redirectUri) => {
    const flow = flowWith(redirectUri)
    expect(() => createNextAuth({ flow, sessionSecret })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining('set origin to') }),
    )
    expect(() => createNextAuth({ flow, sessionSecret, origin: 'https://app.example' })).not.toThrow()
  })

  test('takes the origin of an absolute redirect URI', () => {
    expect(() => createNextAuth({ flow: flowWith('https://app.example/auth/callback'), sessionSecret })).not.toThrow()
  })

  test('rejects wrong options at once', () => {
    const options = { flow: flowWith(), origin: 'https://app.example', sessionSecret, cookieName: 'x' }
    expect(() => createNextAuth(options)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
    expect(() => createNextAuth({ ...options, sessionSecret: 'short' })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    )
  })

  test('calls a function for the options at the first request, not when the module is loaded', async () => {
    let calls = 0
    const { proxy } = createNextAuth(() => {
      calls++
      return { flow: flowWith(), sessionSecret }
    })
    expect(calls).toBe(0)
    await expect(proxy(new Request('https://app.example/'))).rejects.toMatchObject({ code: 'BAD_OPTION' })
    expect(calls).toBe(1)
  })
})
