import { beforeAll, describe, expect, test } from 'vitest'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'
import { callback } from '../person.ts'

let emulator: Emulator

beforeAll(async () => {
  emulator = await createEmulator()
})

const refused = { grant_type: 'authorization_code', code: 'garbage', redirect_uri: callback, state: 'st' }
const webApp = () => {
  const { client_id, client_secret } = emulator.contexts.oauth
  return { client_id, client_secret }
}
async function ask(version: string, params: Record<string, string> = {}, server: Emulator = emulator) {
  const body = new URLSearchParams({ ...refused, ...webApp(), ...params })
  const { status, headers } = await server.fetch(`${server.url}/ims/token${version}`, { method: 'POST', body })
  return { status, location: headers.get('location'), headers }
}

describe('a refused token request with a redirect_uri', () => {
  test('is a redirect with the error alone, at the path without a version', async () => {
    const { status, location, headers } = await ask('')
    expect([status, location]).toEqual([302, `${callback}?error=access_denied`])
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('set-cookie')).toMatch(/^relay=/)
    const wrongSecret = await ask('/', { client_secret: 'wrong' })
    expect(wrongSecret.location).toBe(`${callback}?error=invalid_client`)
    const withQuery = await ask('', { redirect_uri: `${callback}?a=b` })
    expect(withQuery.location).toBe(`${callback}?a=b&error=access_denied`)
  })

  test.each(['/v1', '/v2', '/v3', '/v4'])('is answered in JSON at %s', async (version) => {
    expect(await ask(version)).toMatchObject({ status: 400, location: null })
  })

  test('is never redirected to where the client is not', async () => {
    for (const params of [
      { redirect_uri: 'https://evil.example.org/' },
      { redirect_uri: '' },
      { redirect_uri: 'no url' },
      { client_id: 'nobody' },
      { client_id: '' },
    ]) {
      expect(await ask('', params)).toMatchObject({ status: 400, location: null })
    }
  })

  test.each([
    ['none', [400, 400]],
    ['all', [302, 302]],
  ] as const)('with tokenErrorRedirects: %s', async (tokenErrorRedirects, statuses) => {
    const own = await createEmulator({ tokenErrorRedirects })
    expect([(await ask('', {}, own)).status, (await ask('/v3', {}, own)).status]).toEqual(statuses)
  })
})
