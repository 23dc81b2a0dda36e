import { connect, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isImsError } from '../../src/core/errors.ts'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { post } from './person.ts'

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

describe('the server', () => {
  test('listens on loopback and says where', () => {
    expect(emulator.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    for (const context of Object.values(emulator.contexts)) expect(context.endpoint).toBe(emulator.url)
  })

  test.each(['0.0.0.0', '::', '192.0.2.1', 'example.com', '127.0.0.1.example.com'])('refuses %s', async (host) => {
    await expect(startEmulator({ host })).rejects.toMatchObject({
      code: 'BAD_OPTION',
      name: 'ConfigurationError',
      message: expect.stringContaining('no security boundary'),
    })
  })

  test('listens elsewhere when told so in so many words', async () => {
    const open = await startEmulator({ host: '0.0.0.0', dangerouslyListenOnAllInterfaces: true })
    expect((await fetch(`${open.url}/ims/keys`)).status).toBe(200)
    await open.close()
  })

  test('says so when the port is taken', async () => {
    const port = Number(new URL(emulator.url).port)
    const error = await startEmulator({ port }).catch((reason) => reason)
    expect(isImsError(error)).toBe(true)
    expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining(String(port)) })
  })

  test('close ends open connections and frees the port', async () => {
    const short = await startEmulator()
    const port = Number(new URL(short.url).port)
    const socket = connect(port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await short.close()
    await closed
    const next = createServer()
    await new Promise<void>((resolve, reject) => next.once('error', reject).listen(port, '127.0.0.1', resolve))
    next.close()
  })

  test('answers 404, 405 with Allow, 400 and 413 in the envelope of IMS', async () => {
    expect(await post(`${emulator.url}/ims/nothing`, {})).toMatchObject({ status: 404, body: { error: 'not_found' } })
    const wrong = await fetch(`${emulator.url}/ims/token/v3`)
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST'])
    const headers = { 'content-type': 'multipart/form-data; boundary=x' }
    const malformed = await fetch(`${emulator.url}/ims/token/v3`, { method: 'POST', headers, body: 'no boundary' })
    expect([malformed.status, (await malformed.json()).error]).toEqual([400, 'invalid_request'])
    expect(await post(`${emulator.url}/ims/token/v3`, { x: 'x'.repeat(1_100_000) })).toMatchObject({ status: 413 })
  })

  test('puts a trace id on every answer', async () => {
    const ids = await Promise.all(
      ['/', '/ims/keys', '/ims/nothing'].map(async (path) =>
        (await fetch(emulator.url + path)).headers.get('x-debug-id'),
      ),
    )
    expect(new Set(ids).size).toBe(3)
  })
})
