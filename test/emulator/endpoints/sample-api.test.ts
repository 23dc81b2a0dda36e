import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { resourceCalls } from '../resource-calls.ts'

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

const { get, userToken } = resourceCalls(() => emulator)

describe('the sample API', () => {
  test('wants a valid token and the key of its client', async () => {
    const token = await userToken()
    const key = { 'x-api-key': 'emulator-public' }
    const missing = await get('/api/echo', undefined, key)
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    const bad = await get('/api/echo', 'garbage', key)
    expect(bad).toMatchObject({ status: 401, body: { error_code: '401013' } })
    expect(bad.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    expect(await get('/api/echo', token)).toMatchObject({ status: 403, body: { error_code: '403003' } })
    const ok = await get('/api/echo', token, { ...key, 'x-gw-ims-org-id': 'O@AdobeOrg' })
    expect(ok.body).toMatchObject({ client_id: 'emulator-public', org_id: 'O@AdobeOrg', scopes: expect.any(Array) })
  })
})
