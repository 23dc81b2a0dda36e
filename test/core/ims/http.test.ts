import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type Fetch, type Ims, type ImsEvent, isImsError, UnavailableError } from '../../../src/core/index.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { failureOf, hastyClock, json, scriptedServer } from '../scripted-server.ts'
import { ask, good, imsAt, secret, server } from './ims-on-server.ts'

describe('a token request', () => {
  it('is a POST with an urlencoded body and nothing secret in the URL (S29)', async () => {
    server.play(json(good))
    await ask()
    const [request] = server.arrived
    expect(request).toMatchObject({ method: 'POST', path: '/ims/token/v2' })
    expect(request?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/)
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'client',
      client_secret: secret,
      org_id: 'org@AdobeOrg',
      scope: 'a,b',
    })
  })

  it('carries no header that would cost a page a preflight, no cookies and no cache (S34)', async () => {
    const inits: RequestInit[] = []
    const fetch: Fetch = async (url, init) => {
      inits.push(init)
      return globalThis.fetch(url, init)
    }
    server.play(json(good))
    await ask(imsAt({ fetch }))
    const [init] = inits
    expect(init).toMatchObject({ cache: 'no-store', credentials: 'omit', redirect: 'manual' })
    const names = Object.keys(init?.headers ?? {}).map((name) => name.toLowerCase())
    expect(names.every((name) => ['accept', 'content-type'].includes(name))).toBe(true)
  })

  it('does not call fetch as a method, which a native fetch refuses', async () => {
    server.play(json(good))
    const fetch = function (this: unknown, url: string, init: RequestInit) {
      if (this !== undefined) throw new TypeError('Illegal invocation')
      return globalThis.fetch(url, init)
    }
    await expect(ask(imsAt({ fetch }))).resolves.toMatchObject({ access_token: { token: 'opaque-token' } })
  })

  it('takes a fetch that is replaced later', async () => {
    server.play(json(good))
    const ims = imsAt()
    const original = globalThis.fetch
    let calls = 0
    globalThis.fetch = (...args) => {
      calls++
      return original(...args)
    }
    try {
      await ask(ims)
    } finally {
      globalThis.fetch = original
    }
    expect(calls).toBe(1)
  })
})

describe('what never answers', () => {
  it('refuses the connection: NETWORK_FAILED with the cause', async () => {
    const gone = await scriptedServer()
    await gone.close()
    const error = await failureOf<UnavailableError>(ask(imsAt({ endpoint: gone.url })))
    expect(error).toBeInstanceOf(UnavailableError)
    expect(error.code).toBe('NETWORK_FAILED')
    expect(inspect(error.cause, { depth: 9 })).toContain('ECONNREFUSED')
    expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain('canary')
  })

  it('has no address: NETWORK_FAILED', async () => {
    const error = await failureOf(ask(imsAt({ endpoint: 'https://ims.invalid' })))
    expect(error).toMatchObject({ code: 'NETWORK_FAILED' })
    expect(inspect(error.cause)).toMatch(/ENOTFOUND|EAI_AGAIN/)
  })

  it.each([
    ['before the answer', false],
    ['in the middle of it', true],
  ])('resets the connection %s: NETWORK_FAILED', async (_when, begun) => {
    server.play((_request, response) => {
      if (!begun) return void response.destroy()
      response.writeHead(200, { 'content-length': 100 })
      response.write('{"access_token"', () => response.destroy())
    })
    await expect(ask()).rejects.toMatchObject({ code: 'NETWORK_FAILED' })
  })

  it.each([
    ['nothing at all', false],
    ['the beginning of a body', true],
  ])('sends %s: TIMEOUT after 30 s, and again for each attempt', async (_what, begun) => {
    const clock = fakeClock()
    const closed: Promise<unknown>[] = []
    server.play((_request, response) => {
      closed.push(new Promise((resolve) => response.once('close', resolve)))
      if (begun) response.writeHead(200).write('{')
    })
    const failure = failureOf<UnavailableError>(ask(imsAt({ clock, retry: { retries: 1 } })))
    await server.arrivals(1)
    await clock.advance(29_999)
    expect(clock.sleeping).toBe(1)
    await clock.advance(1)
    await clock.advance(500)
    await server.arrivals(2)
    await clock.advance(30_000)
    expect(await failure).toMatchObject({ name: 'UnavailableError', code: 'TIMEOUT' })
    await Promise.all(closed)
    expect(clock.sleeping).toBe(0)
  })

  it('may take as long as the caller allows', async () => {
    const clock = fakeClock()
    server.play(() => {})
    const failure = failureOf(ask(imsAt({ clock, timeout: 1_000 })))
    await server.arrivals(1)
    await clock.advance(1_000)
    expect(await failure).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('1000 ms') })
  })

  it('rejects with TIMEOUT also if fetch ignores its signal (S50)', async () => {
    const clock = fakeClock()
    const failure = failureOf(ask(imsAt({ clock, fetch: () => new Promise(() => {}) })))
    await clock.advance(0)
    await clock.advance(30_000)
    expect(await failure).toMatchObject({ code: 'TIMEOUT' })
  })

  it('a timeout beyond what timers can do is not a timeout of nothing', async () => {
    server.play(json(good))
    await expect(ask(imsAt({ timeout: Number.POSITIVE_INFINITY }))).resolves.toBeDefined()
  })
})

describe('a caller that aborts', () => {
  const reason = { mine: true }
  const refresh = (ims: Ims, signal: AbortSignal) => ims.refreshToken({ clientId: 'c', refreshToken: 'r', signal })

  it('before: nothing is sent', async () => {
    server.play(json(good))
    expect(await failureOf(refresh(imsAt(), AbortSignal.abort(reason)))).toBe(reason)
    expect(server.arrived).toHaveLength(0)
  })

  it.each([
    ['while it waits for the answer', false],
    ['while the body comes', true],
  ])('%s: gets its own reason and the connection ends', async (_when, begun) => {
    const control = new AbortController()
    let closed: Promise<unknown> = Promise.resolve()
    server.play((_request, response) => {
      closed = new Promise((resolve) => response.once('close', resolve))
      if (begun) response.writeHead(200).write('{')
    })
    const failure = failureOf(refresh(imsAt({ retry: { baseDelay: 0 } }), control.signal))
    await server.arrivals(1)
    control.abort(reason)
    expect(await failure).toBe(reason)
    await closed
    expect(server.arrived).toHaveLength(1)
  })

  it('between two attempts: gets its own reason and there is no further one', async () => {
    const control = new AbortController()
    const clock = fakeClock()
    const retries: ImsEvent[] = []
    const onEvent = (event: ImsEvent) => {
      if (event.type !== 'retry') return
      retries.push(event)
      control.abort(reason)
    }
    server.play((_request, response) => void response.writeHead(503).end())
    expect(await failureOf(refresh(imsAt({ clock, onEvent, retry: {} }), control.signal))).toBe(reason)
    expect(retries).toHaveLength(1)
    expect(server.arrived).toHaveLength(1)
    expect(clock.sleeping).toBe(0)
  })

  it('without a reason of its own gets the runtime’s AbortError', async () => {
    expect(await failureOf(refresh(imsAt(), AbortSignal.abort()))).toMatchObject({ name: 'AbortError' })
  })
})

describe('events', () => {
  it('tell every attempt, without a secret', async () => {
    const events: ImsEvent[] = []
    server.play((_request, response, attempt) => {
      if (attempt === 1) return void response.writeHead(503).end()
      return json(good)(_request, response, attempt)
    })
    await ask(imsAt({ retry: { baseDelay: 0 }, onEvent: (event) => events.push(event) }))
    expect(events).toMatchObject([
      expect.objectContaining({ type: 'request', method: 'POST', path: '/ims/token/v2', attempt: 1, status: 503 }),
      { type: 'retry', path: '/ims/token/v2', attempt: 1, delay: 0, reason: 'IMS_UNAVAILABLE' },
      expect.objectContaining({ type: 'request', attempt: 2, status: 200 }),
    ])
    expect(JSON.stringify(events)).not.toMatch(/canary|opaque-token/)
  })

  it('change nothing if the listener throws', async () => {
    server.play(json(good))
    const onEvent = () => {
      throw new Error('listener')
    }
    await expect(ask(imsAt({ onEvent }))).resolves.toBeDefined()
    expect(server.arrived).toHaveLength(1)
  })

  it('tell an attempt whose answer was of no use', async () => {
    const events: ImsEvent[] = []
    server.play((_request, response) => void response.writeHead(200, { 'content-length': 5_000_000 }).end())
    await failureOf(ask(imsAt({ onEvent: (event) => events.push(event) })))
    expect(events).toEqual([expect.objectContaining({ type: 'request', status: 200 })])
  })
})

it('every failure is an error of imskit', async () => {
  const clock = hastyClock(30_000)
  server.play((_request, response) => void response.destroy())
  const error = await failureOf(ask(imsAt({ clock, retry: {} })))
  expect(isImsError(error)).toBe(true)
  expect(server.arrived).toHaveLength(4)
})
