import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { clientCredentials } from '../../src/core/flows/client-credentials.ts'
import { createClient, getTokenData, Ims, memoryPlatform } from '../../src/core/index.ts'
import { isError, safeCause } from '../../src/core/redact.ts'

// what jsdom does not have, and objects of another realm, as in the environments of Jest

afterEach(() => vi.unstubAllGlobals())

describe('without globals', () => {
  test('a client without fetch says so, and does not try again', async () => {
    vi.stubGlobal('fetch', undefined)
    const flow = clientCredentials({ clientId: 'my_client', clientSecret: 'my_secret', scopes: 'openid' })
    await expect(createClient({ flow, ...memoryPlatform() }).getToken()).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringMatching(/no fetch/),
    })
  })

  test('a fetch of the caller needs no Request', async () => {
    vi.stubGlobal('Request', undefined)
    const fetch = async () => Response.json({ keys: [] })
    expect(await new Ims({ fetch }).getKeys()).toEqual({ keys: [] })
  })

  test('a token is decoded without TextDecoder', () => {
    vi.stubGlobal('TextDecoder', undefined)
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { user_id: 'Zoë 日本' }
    expect(getTokenData(`${part({ alg: 'RS256' })}.${part(claims)}.x`)).toEqual(claims)
  })
})

test('an error of another realm keeps name, message, code and cause', () => {
  const foreign = runInNewContext(
    'Object.assign(new TypeError("failed", { cause: new RangeError("deep") }), { code: "ECONNREFUSED" })',
  )
  expect(foreign).not.toBeInstanceOf(Error)
  expect(isError(foreign)).toBe(true)
  expect(safeCause(foreign)).toMatchObject({
    name: 'TypeError',
    message: 'failed',
    code: 'ECONNREFUSED',
    cause: { name: 'RangeError', message: 'deep' },
  })
})
