import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { createPerson } from '../person.ts'

let emulator: RunningEmulator
const listener = createServer((_request, response) => response.end())
const relay = '/api/v1/web/default/applogin'

beforeAll(async () => {
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
  await once(listener.listen(0, 'localhost'), 'listening')
})
afterAll(() => {
  listener.close()
  return emulator.close()
})

const visit = async (params: Record<string, string>, path = relay) => {
  const port = String((listener.address() as AddressInfo).port)
  const query = new URLSearchParams({ id: 'the-id', port, ...params })
  const { url, page } = await createPerson(emulator).visit(`${emulator.url}${path}?${query}`)
  return { url, page, port, params: url.searchParams }
}

test('brings tokens of its own client to the listener on localhost', async () => {
  const { url, port, params } = await visit({})
  expect(url.origin).toBe(`http://localhost:${port}`)
  expect(params.get('code_type')).toBe('access_token')
  expect(JSON.parse(params.get('state') ?? '')).toMatchObject({ id: 'the-id', port, env: 'prod' })
  const tokens = JSON.parse(params.get('code') ?? '')
  expect(decodeJwt(tokens.access_token.token).client_id).toBe('aio-cli-console-auth')
  expect(tokens).toMatchObject({
    access_token: { expiry: expect.any(Number) },
    refresh_token: { token: expect.any(String), expiry: expect.any(Number) },
  })
})

test('hands on the code of any other client', async () => {
  const { params } = await visit({ client_id: 'emulator-web-app', scope: 'openid' })
  expect(params.get('code_type')).toBe('auth_code')
  expect(decodeJwt(params.get('code') ?? '')).toMatchObject({ type: 'authorization_code', scope: 'openid' })
})

test('a forced login goes through logout first', async () => {
  const { port } = await visit({})
  const redirect_uri = `${emulator.url}${relay}?id=the-id&port=${port}`
  const { params } = await visit({ client_id: 'aio-cli-console-auth', redirect_uri }, '/ims/logout/v1')
  expect(params.get('code_type')).toBe('access_token')
})

test('refuses an invalid port, and shows where it ended', async () => {
  expect((await visit({ port: '1@evil.example.org' })).page).toContain('invalid_request')
  expect((await visit({}, `${relay}/signed-in`)).page).toContain('You can close this tab')
  expect((await visit({ state: '{"port":"1"}' }, `${relay}/callback`)).page).toContain('Not signed in')
  for (const state of ['none', 'null', '{"port":"1@evil"}']) {
    expect((await visit({ state, code: 'x' }, `${relay}/callback`)).page).toContain('invalid_request')
  }
})
