import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type FaultOptions, type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { post, publicCode } from '../person.ts'

let emulator: RunningEmulator
let takeBack = () => {}
const fault = (options: FaultOptions) => {
  takeBack = emulator.fault(options)
}

beforeAll(async () => {
  emulator = await startEmulator()
})
afterEach(() => takeBack())
afterAll(() => emulator.close())

const keys = (init?: RequestInit) => fetch(`${emulator.url}/ims/keys`, init)

test('answers instead, as often as told, and then no more', async () => {
  fault({ path: '/ims/keys', status: 503, headers: { 'retry-after': '7' }, times: 2 })
  const first = await keys()
  expect([first.status, first.headers.get('retry-after'), await first.text()]).toEqual([503, '7', ''])
  expect(first.headers.get('x-debug-id')).toMatch(/./)
  expect((await keys()).status).toBe(503)
  expect((await keys()).status).toBe(200)
})

test('sends a body as JSON or as it is', async () => {
  fault({ path: /keys$/g, body: { error: 'invalid_request' }, status: 400 })
  expect(await (await keys()).json()).toEqual({ error: 'invalid_request' })
  fault({ path: '/ims/keys', body: '<h1>Bad Gateway</h1>', status: 502, headers: { 'content-type': 'text/html' } })
  const html = await keys()
  expect([await html.text(), html.headers.get('content-type')]).toEqual(['<h1>Bad Gateway</h1>', 'text/html'])
})

test('hits only its path and method', async () => {
  fault({ path: '/ims/keys', method: 'POST', status: 500 })
  expect((await keys()).status).toBe(200)
  expect((await fetch(`${emulator.url}/ims/revoke`, { method: 'POST' })).status).toBe(400)
  expect((await keys({ method: 'POST' })).status).toBe(500)
})

test('can be taken back', async () => {
  emulator.fault({ path: '/', status: 500, times: Number.POSITIVE_INFINITY })()
  expect((await keys()).status).toBe(200)
})

test('several are used up in the order in which they were added', async () => {
  fault({ path: '/ims/keys', status: 500 })
  fault({ path: '/ims/keys', status: 429 })
  expect([(await keys()).status, (await keys()).status, (await keys()).status]).toEqual([500, 429, 200])
})

test('preflights are spared', async () => {
  fault({ path: '/ims/keys', status: 500 })
  const headers = { origin: 'http://localhost:1', 'access-control-request-method': 'GET' }
  expect((await keys({ method: 'OPTIONS', headers })).status).toBe(204)
  expect((await keys()).status).toBe(500)
})

test('delays; a caller who gives up is not answered', async () => {
  fault({ path: '/ims/keys', delay: 1 })
  expect((await keys()).status).toBe(200)
  fault({ path: '/ims/keys', delay: 60_000 })
  await expect(keys({ signal: AbortSignal.timeout(20) })).rejects.toThrow()
})

test('drop before: the request is lost', async () => {
  const { code, ...rest } = await publicCode(emulator)
  const redeem = () => post(`${emulator.url}/ims/token/v3`, { grant_type: 'authorization_code', code, ...rest })
  fault({ path: '/ims/token', drop: 'before' })
  await expect(redeem()).rejects.toThrow(TypeError)
  expect(emulator.requests.at(-1)).toMatchObject({ path: '/ims/token/v3', status: 0 })
  expect((await redeem()).status).toBe(200)
})

test('drop after: the request was processed, the answer is lost', async () => {
  const { code, ...rest } = await publicCode(emulator)
  const redeem = () => post(`${emulator.url}/ims/token/v3`, { grant_type: 'authorization_code', code, ...rest })
  fault({ path: '/ims/token', drop: 'after' })
  await expect(redeem()).rejects.toThrow(TypeError)
  expect(emulator.requests.at(-1)?.status).toBe(200)
  expect((await redeem()).body.error).toBe('access_denied')
})

test('drop mid-body: the headers arrive, the body breaks off', async () => {
  fault({ path: '/ims/keys', drop: 'mid-body' })
  const response = await keys()
  expect(response.status).toBe(200)
  await expect(response.text()).rejects.toThrow()
})

test('truncate: a whole answer with half a body', async () => {
  fault({ path: '/ims/keys', truncate: true })
  const text = await (await keys()).text()
  expect(text.startsWith('{"keys":[')).toBe(true)
  expect(() => JSON.parse(text)).toThrow(SyntaxError)
})

test.each<[string, FaultOptions]>([
  ['no path', {} as FaultOptions],
  ['an impossible status', { path: '/', status: 99 }],
  ['a body where none can be', { path: '/', status: 204, body: 'x' }],
  ['no times', { path: '/', times: 0 }],
])('refuses a fault with %s', (_name, options) => {
  expect(() => emulator.fault(options)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})
