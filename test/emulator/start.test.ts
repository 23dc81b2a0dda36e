import { request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLocalCertificate } from '../../src/adapters/node/cli/cert/certificate.ts'
import { isImsError } from '../../src/core/errors.ts'
import { type RunningEmulator, type StartOptions, startEmulator } from '../../src/emulator/index.ts'
import { post } from './person.ts'

let emulator: RunningEmulator

/** A port that is free now, and the address of an emulator on it. */
async function freePort(): Promise<{ port: number; url: string }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return { port, url: `http://127.0.0.1:${port}` }
}

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
      message: expect.stringContaining('not a security boundary'),
    })
  })

  test('listens elsewhere when configured explicitly', async () => {
    const open = await startEmulator({ host: '0.0.0.0', dangerouslyListenOnAllInterfaces: true })
    expect((await fetch(`${open.url}/ims/keys`)).status).toBe(200)
    await open.close()
  })

  /** Asks the emulator under the name `host`; resolves to the status and the text. */
  const askAs = (host: string | readonly string[], { url, path = '/' }: { url: string; path?: string }) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const { hostname, port } = new URL(url)
      const headers = [host].flat().flatMap((name) => ['host', name])
      const asked = request({ hostname, port, path, setHost: false, headers }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode, text }))
      })
      asked.once('error', reject).end()
    })

  test('answers to its own names only, as a page can have its own name point here', async () => {
    const { port } = new URL(emulator.url)
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`]) {
      expect([host, (await askAs(host, emulator)).status]).toEqual([host, 200])
    }
    const foreign = ['evil.test', `evil.test:${port}`, 'localhost', `localhost:${port}.evil.test`, `localhost.:${port}`]
    const odd = [
      '',
      '127.0.0.1:1',
      `169.254.169.254:${port}`,
      `evil.test@127.0.0.1:${port}`,
      `127.0.0.1:${port}/x`,
      'a b',
    ]
    for (const host of [...foreign, ...odd]) {
      for (const path of ['/', '/ims/keys']) {
        const { status, text } = await askAs(host, { ...emulator, path })
        expect([host, status]).toEqual([host, 400])
        expect(text).not.toMatch(/PRIVATE KEY|secret|"keys"/)
      }
    }
    const own = `127.0.0.1:${port}`
    expect((await askAs(own, { ...emulator, path: 'http://evil.test/' })).status).toBe(400)
    expect((await askAs([own, 'evil.test'], emulator)).status).toBe(400)
  })

  test('answers to the host of its endpoint, and to any address if it listens on all of them', async () => {
    const statuses = async (more: StartOptions) => {
      const { port, ...own } = await freePort()
      const running = await startEmulator({ port, endpoint: 'https://ims.example.test', ...more })
      const names = ['ims.example.test', 'ims.example.test:443', `192.0.2.7:${port}`, '192.0.2.7:9', 'evil.test']
      const found = await Promise.all(names.map(async (name) => (await askAs(name, own)).status))
      await running.close()
      return found
    }
    expect(await statuses({})).toEqual([200, 400, 400, 400, 400])
    const everywhere = { host: '0.0.0.0', dangerouslyListenOnAllInterfaces: true }
    expect(await statuses(everywhere)).toEqual([200, 400, 200, 200, 400])
  })

  test('answers a form of a million bytes, whatever it is made of', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const parts = (count: number) =>
      `${'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n'.repeat(count)}--x--\r\n`
    const bodies: [Record<string, string>, string][] = [
      [form, 'a=1&'.repeat(249_000)],
      [form, 'client_id=1&'.repeat(80_000)],
      [form, Array.from({ length: 90_000 }, (_, index) => `p${index}=1`).join('&')],
      [form, '&'.repeat(999_000)],
      [form, `scope=${'a,'.repeat(490_000)}&client_id=emulator-public`],
      [form, `scope=${'eyJ-'.repeat(240_000)}`],
      [form, `response_type=${'a+'.repeat(490_000)}&client_id=emulator-public`],
      [{ 'content-type': 'multipart/form-data; boundary=x' }, parts(16_000)],
    ]
    const short = await startEmulator()
    for (const [headers, body] of bodies) {
      for (const path of ['/ims/token/v3', '/ims/authorize/v2', '/ims/validate_token/v1']) {
        const signal = AbortSignal.timeout(10_000)
        const init = { method: 'POST', headers, body, signal, redirect: 'manual' } as const
        expect((await fetch(short.url + path, init)).status).toBeLessThan(500)
      }
    }
    // what is written down of them is bounded
    for (const { params } of short.requests) expect(JSON.stringify(params).length).toBeLessThan(50_000)
    await short.close()
  }, 60_000)

  test('serves https with a certificate, under its names', async () => {
    const { ca, cert, key } = createLocalCertificate()
    const own = await startEmulator({ tls: { cert, key } })
    expect(own.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(own.contexts.oauth.endpoint).toBe(own.url)
    const { status, text } = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const asked = secureRequest(`${own.url}/ims/.well-known/openid-configuration`, { ca }, async (response) => {
        let received = ''
        for await (const chunk of response) received += chunk
        resolve({ status: response.statusCode, text: received })
      })
      asked.once('error', reject).end()
    })
    expect({ status, issuer: JSON.parse(text).issuer }).toEqual({ status: 200, issuer: own.url })
    await own.close()
  })

  test.each([
    [
      'a key of another certificate',
      () => ({ cert: createLocalCertificate().cert, key: createLocalCertificate().key }),
    ],
    ['text', () => ({ cert: 'x', key: 'y' })],
    ['no key', () => ({ cert: createLocalCertificate().cert }) as { cert: string; key: string }],
  ])('refuses a certificate with %s', async (_name, tls) => {
    const error = await startEmulator({ tls: tls() }).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('tls') })
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
