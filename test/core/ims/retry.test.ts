import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backOff, defaultRetry } from '../../../src/core/ims/retry.ts'
import { parseRetryAfter } from '../../../src/core/ims/retry-after.ts'
import { Ims, type ImsEvent, type ImsOptions, type UnavailableError } from '../../../src/core/index.ts'
import { failureOf, hastyClock, json, type Script, scriptedServer } from '../scripted-server.ts'

const good = { access_token: 'opaque-token', token_type: 'bearer', expires_in: 3600 }
const timeout = 12_345

let server: Awaited<ReturnType<typeof scriptedServer>>
beforeAll(async () => {
  server = await scriptedServer()
})
afterAll(() => server.close())

const imsAt = (options: ImsOptions = {}) => new Ims({ endpoint: server.url, timeout, ...options })
const ask = (ims: Ims) => ims.getAccessTokenByClientCredentials('client', 'secret')
const status = (code: number, headers: Record<string, string> = {}): Script => {
  return (_request, response) => void response.writeHead(code, headers).end()
}

/** Fails so many times, then answers. */
const eventually = (failures: number, failing: Script, answer: Script = json(good)): Script => {
  return (request, response, attempt) => (attempt <= failures ? failing : answer)(request, response, attempt)
}

describe('what is tried again', () => {
  it.each([429, 500, 502, 503, 504])('%i: three times, and then IMS_UNAVAILABLE', async (code) => {
    const clock = hastyClock(timeout)
    server.play(eventually(3, status(code)))
    await expect(ask(imsAt({ clock }))).resolves.toMatchObject({ access_token: { token: 'opaque-token' } })
    expect(server.arrived).toHaveLength(4)
    expect(clock.slept).toHaveLength(3)
    server.play(status(code, { 'x-debug-id': 'debug-3' }))
    const error = await failureOf<UnavailableError>(ask(imsAt({ clock })))
    expect(error).toMatchObject({ code: 'IMS_UNAVAILABLE', status: code, requestId: 'debug-3' })
    expect(error.message).toMatch(/try again later/)
    expect(server.arrived).toHaveLength(4)
  })

  it('sends the whole body again', async () => {
    server.play(eventually(2, status(503)))
    await ask(imsAt({ clock: hastyClock(timeout) }))
    const bodies = server.arrived.map(({ body }) => body)
    expect(new Set(bodies).size).toBe(1)
    expect(bodies[0]).toContain('grant_type=client_credentials')
  })

  it('is a network failure, before and in the middle of an answer', async () => {
    const reset: Script = (_request, response) => void response.destroy()
    const cut: Script = (_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy())
    }
    for (const failing of [reset, cut]) {
      server.play(eventually(3, failing))
      await expect(ask(imsAt({ clock: hastyClock(timeout) }))).resolves.toBeDefined()
      server.play(failing)
      await expect(ask(imsAt({ clock: hastyClock(timeout) }))).rejects.toMatchObject({ code: 'NETWORK_FAILED' })
      expect(server.arrived).toHaveLength(4)
    }
  })

  it('is a GET, an exchange and a revocation, too', async () => {
    const clock = hastyClock(timeout)
    const works: ((ims: Ims) => Promise<unknown>)[] = [
      (ims) => ims.getKeys(),
      (ims) => ims.exchangeJwtToken('c', 's', 'jwt'),
      (ims) => ims.revokeToken('t', { clientId: 'c' }),
      (ims) => ims.refreshToken({ clientId: 'c', refreshToken: 'r' }),
    ]
    for (const work of works) {
      server.play(eventually(1, status(503)))
      await work(imsAt({ clock }))
      expect(server.arrived).toHaveLength(2)
    }
  })
})

describe('what is not tried again', () => {
  it.each([400, 401, 403, 404, 405, 408, 409, 413, 425, 501, 505, 599])('%i', async (code) => {
    const clock = hastyClock(timeout)
    server.play(status(code))
    await expect(ask(imsAt({ clock }))).rejects.toMatchObject({ status: code })
    expect(server.arrived).toHaveLength(1)
    expect(clock.slept).toEqual([])
  })

  it('is an authorization code, whatever happens to it: it is sent once only (S43)', async () => {
    const reset: Script = (_request, response) => void response.destroy()
    const code = `${btoa('{"alg":"RS256"}')}.${btoa('{"type":"authorization_code"}')}.eA`
    for (const failing of [status(429), status(500), status(503, { 'retry-after': '0' }), reset]) {
      for (const work of [
        (ims: Ims) => ims.exchangeAuthorizationCode({ clientId: 'c', code: 'opaque' }),
        (ims: Ims) => ims.getAccessToken(code, 'c', 's'),
      ]) {
        server.play(failing)
        const error = await failureOf(work(imsAt({ clock: hastyClock(timeout) })))
        expect(error).toMatchObject({ name: 'UnavailableError' })
        expect(server.arrived).toHaveLength(1)
      }
    }
  })

  it('is anything if the caller wants no retries', async () => {
    server.play(status(503))
    await failureOf(ask(imsAt({ retry: { retries: 0 } })))
    expect(server.arrived).toHaveLength(1)
  })
})

describe('the wait', () => {
  it('is exponential with full jitter: anywhere between nothing and the bound (S44)', () => {
    for (const [attempt, bound] of [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000].entries()) {
      const waits = Array.from({ length: 2_000 }, () => backOff(defaultRetry, attempt + 1))
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...waits)).toBeLessThanOrEqual(bound)
      // uniform: each quarter of the range holds about a quarter of the waits (500, standard deviation below 20)
      for (const quarter of [0, 1, 2, 3]) {
        const inside = waits.filter((wait) => Math.min(3, Math.floor((wait / bound) * 4)) === quarter)
        expect(inside.length).toBeGreaterThan(350)
        expect(inside.length).toBeLessThan(650)
      }
    }
  })

  it('is not the same for two clients (S44)', () => {
    const clients = Array.from({ length: 100 }, () => backOff(defaultRetry, 3))
    expect(new Set(clients).size).toBeGreaterThan(80)
  })

  it('grows with the attempts in a real call, and is in the events', async () => {
    const clock = hastyClock(timeout)
    const told: ImsEvent[] = []
    server.play(status(503))
    await failureOf(ask(imsAt({ clock, onEvent: (event) => void (event.type === 'retry' && told.push(event)) })))
    expect(clock.slept).toHaveLength(3)
    for (const [index, bound] of [500, 1_000, 2_000].entries()) {
      expect(clock.slept[index]).toBeLessThanOrEqual(bound)
    }
    expect(told.map((event) => event.type === 'retry' && event.delay)).toEqual(clock.slept)
  })
})

describe('Retry-After', () => {
  it.each([429, 503])('in seconds is honoured after %i (S44)', async (code) => {
    const clock = hastyClock(timeout)
    server.play(eventually(1, status(code, { 'retry-after': '7' })))
    await ask(imsAt({ clock }))
    expect(clock.slept).toEqual([7_000])
  })

  it('as a date is honoured by the server’s own clock (S44)', async () => {
    const clock = hastyClock(timeout)
    for (const wrong of [0, 50_000, -3 * 3_600_000]) {
      const theirs = Math.floor(Date.now() / 1000) * 1000 + wrong
      const headers = { date: new Date(theirs).toUTCString(), 'retry-after': new Date(theirs + 9_000).toUTCString() }
      clock.slept.length = 0
      server.play(eventually(1, status(503, headers)))
      await ask(imsAt({ clock }))
      expect(clock.slept).toEqual([9_000])
    }
  })

  it('in the past or 0 means at once', async () => {
    const clock = hastyClock(timeout)
    server.play(eventually(2, status(503, { 'retry-after': '0' })))
    await ask(imsAt({ clock }))
    server.play(eventually(1, status(503, { 'retry-after': new Date(0).toUTCString() })))
    await ask(imsAt({ clock }))
    expect(clock.slept).toEqual([0, 0, 0])
  })

  it('beyond the limit stops the attempts, and the error says when to try again (S44)', async () => {
    const clock = hastyClock(timeout)
    for (const [value, retryAfter] of [
      ['31', 31_000],
      ['86400', 86_400_000],
      ['99999999999', 99_999_999_999_000],
    ] as const) {
      server.play(status(429, { 'retry-after': value }))
      await expect(ask(imsAt({ clock }))).rejects.toMatchObject({ code: 'IMS_UNAVAILABLE', status: 429, retryAfter })
      expect(server.arrived).toHaveLength(1)
    }
    expect(clock.slept).toEqual([])
    server.play(eventually(1, status(429, { 'retry-after': '31' })))
    await ask(imsAt({ clock, retry: { maxRetryAfter: 60_000 } }))
    expect(clock.slept).toEqual([31_000])
  })

  it('is in the error after the last attempt', async () => {
    server.play(status(503, { 'retry-after': '2' }))
    await expect(ask(imsAt({ clock: hastyClock(timeout) }))).rejects.toMatchObject({ retryAfter: 2_000 })
    expect(server.arrived).toHaveLength(4)
  })

  it('that is nonsense leaves it to the back-off', () => {
    for (const header of [null, '', ' ', '-5', '1.5', '1e3', 'soon', '0x10', '5, 6', 'Mon']) {
      expect(parseRetryAfter(header, 0)).toBeUndefined()
    }
    expect(parseRetryAfter(' 5 ', 0)).toBe(5_000)
    expect(parseRetryAfter('Sun, 06 Nov 1994 08:49:37 GMT', 784_111_770_000)).toBe(7_000)
    expect(parseRetryAfter('Sunday, 06-Nov-94 08:49:37 GMT', 784_111_770_000)).toBe(7_000)
  })
})
