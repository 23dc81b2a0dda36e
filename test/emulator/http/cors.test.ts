import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator({
    clients: [
      {
        clientId: 'page',
        redirectUris: ['https://page.example.com/callback', /https:\/\/[a-z]+\.pages\.example\.com\/(a|b)\/callback/],
        allowedOrigins: ['https://extra.example.com'],
      },
    ],
  })
})
afterAll(() => emulator.close())

const tokenRequest = (origin: string, client_id: string) =>
  fetch(`${emulator.url}/ims/token/v3`, {
    method: 'POST',
    headers: { origin },
    body: new URLSearchParams({ client_id, grant_type: 'authorization_code', code: 'x' }),
  })
const allowed = (response: Response) => response.headers.get('access-control-allow-origin')

test.each([
  ['https://page.example.com', 'page', true],
  ['https://one.pages.example.com', 'page', true],
  ['https://extra.example.com', 'page', true],
  ['http://127.0.0.1:8080', 'emulator-public', true],
  ['http://[::1]:8080', 'emulator-public', true],
  ['http://localhost', 'emulator-public', true],
  ['https://evil.example.org', 'page', false],
  ['https://one.pages.example.com.evil.org', 'page', false],
  ['http://page.example.com', 'page', false],
  ['http://localhost:3000', 'page', false],
  ['https://page.example.com', 'emulator-public', false],
  ['null', 'page', false],
])('from %s for %s: %s', async (origin, client, expected) => {
  const response = await tokenRequest(origin, client)
  expect(allowed(response)).toBe(expected ? origin : null)
  expect(response.headers.get('access-control-allow-credentials')).toBe(expected ? 'true' : null)
  expect(response.headers.get('vary')).toBe('Origin')
})

test('a request without an origin gets no CORS headers', async () => {
  const response = await fetch(`${emulator.url}/ims/keys`)
  expect(allowed(response)).toBeNull()
})

test('a preflight is answered with what was asked for', async () => {
  const preflight = (origin: string) =>
    fetch(`${emulator.url}/ims/profile/v1`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
    })
  const response = await preflight('https://page.example.com')
  expect(response.status).toBe(204)
  expect(allowed(response)).toBe('https://page.example.com')
  expect(response.headers.get('access-control-allow-methods')).toBe('GET')
  expect(response.headers.get('access-control-allow-headers')).toBe('authorization')
  expect(allowed(await preflight('https://evil.example.org'))).toBeNull()
})
