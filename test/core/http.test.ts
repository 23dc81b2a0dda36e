import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  clientCredentials,
  createClient,
  type Fetch,
  Ims,
  type ImsEvent,
  type ImsOptions,
  ImsResponseError,
  isImsError,
  memoryPlatform,
  UnavailableError,
} from '../../src/core/index.ts'
import { fakeClock } from '../../src/testing/index.ts'
import { failureOf, hastyClock, json, scriptedServer, unsignedToken } from './scripted-server.ts'

const day = 86_400_000
const secret = 'p@ss word/+&=é-canary'
const noWait = { baseDelay: 0, retries: 0 }
const good = { access_token: 'opaque-token', token_type: 'bearer', expires_in: 3600 }

let server: Awaited<ReturnType<typeof scriptedServer>>
let attacker: Awaited<ReturnType<typeof scriptedServer>>
beforeAll(async () => {
  server = await scriptedServer()
  attacker = await scriptedServer()
})
afterAll(async () => {
  await server.close()
  await attacker.close()
})

const imsAt = (options: ImsOptions = {}) => new Ims({ endpoint: server.url, retry: noWait, ...options })
const ask = (ims = imsAt()) => ims.getAccessTokenByClientCredentials('client', secret, 'org@AdobeOrg', ['a', 'b'])

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

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('%i is refused: the secret goes nowhere else (S33)', async (status) => {
    attacker.play(json(good))
    server.play((_request, response) => void response.writeHead(status, { location: `${attacker.url}/steal` }).end())
    const error = await failureOf<ImsResponseError>(ask())
    expect(error).toBeInstanceOf(ImsResponseError)
    expect(error).toMatchObject({ code: 'HTTP_ERROR', status })
    expect(error.message).toMatch(/redirect/)
    expect(server.arrived).toHaveLength(1)
    expect(attacker.arrived).toHaveLength(0)
  })

  it('is refused with a bearer, too, and at the keys (S33)', async () => {
    server.play((_request, response) => void response.writeHead(307, { location: attacker.url }).end())
    await expect(imsAt().getUserInfo('token')).rejects.toMatchObject({ code: 'HTTP_ERROR', status: 307 })
    await expect(imsAt().getKeys()).rejects.toMatchObject({ code: 'HTTP_ERROR', status: 307 })
    await expect(imsAt().revokeToken('token', { clientId: 'c' })).rejects.toMatchObject({ status: 307 })
    expect(attacker.arrived).toHaveLength(0)
  })

  it('that a browser hides (status 0) is refused as well', async () => {
    const fetch = async () => Object.defineProperty(new Response(null), 'status', { value: 0 })
    await expect(ask(imsAt({ fetch }))).rejects.toMatchObject({ code: 'HTTP_ERROR', status: 0 })
  })
})

describe('an error answer', () => {
  it.each([400, 401, 403, 404, 409, 422])('%i is HTTP_ERROR with what IMS said', async (status) => {
    const said = { error: 'invalid_client', error_description: 'invalid client_id parameter' }
    server.play(json(said, status, { 'x-debug-id': 'debug-1' }))
    const error = await failureOf<ImsResponseError>(ask(imsAt({ retry: { baseDelay: 0 } })))
    expect(error).toMatchObject({
      name: 'ImsResponseError',
      code: 'HTTP_ERROR',
      status,
      imsError: 'invalid_client',
      imsErrorDescription: 'invalid client_id parameter',
      requestId: 'debug-1',
    })
    expect(error.message).toContain(String(status))
    expect(error.message).toContain('debug-1')
    expect(server.arrived).toHaveLength(1)
  })

  it.each([400, 503])(
    '%i with a hostile trace id keeps neither secrets nor control characters of it',
    async (status) => {
      const fetch = async (_url: string, init?: RequestInit) => {
        const sent = new Headers(init?.headers).get('authorization') ?? ''
        const headers = { 'x-debug-id': `id \u009b2J ${sent} ${'x'.repeat(5_000)}` }
        return Response.json({ error: `bad\u001b[2J\u202e ${sent}` }, { status, headers })
      }
      const ims = imsAt({ fetch, retry: { retries: 0 } })
      const error = await failureOf<ImsResponseError>(ims.get('/ims/profile/v1', 'opaque-canary-token'))
      expect(error.requestId).toMatch(/^id 2J Bearer \[redacted\]/)
      expect(error.message.length).toBeLessThan(1_000)
      const shown = `${error.message} ${error.requestId} ${JSON.stringify(error)}`
      expect(shown).not.toMatch(/canary|[\p{Cc}\p{Cf}]/u)
    },
  )

  it.each([
    ['HTML', '<!doctype html><h1>Bad</h1>', /HTML/],
    ['empty', '', /empty/],
    ['blank', '  \n', /empty/],
    ['text', 'nope', /no error text/],
    ['another JSON', '[1]', /no error text/],
    ['JSON null', 'null', /no error text/],
    ['fields of a wrong type', '{"error":7,"error_description":{}}', /no error text/],
  ])('with a body that is %s keeps its status and says so', async (_kind, body, said) => {
    for (const status of [400, 502]) {
      server.play((_request, response) => void response.writeHead(status).end(body))
      const error = await failureOf<ImsResponseError | UnavailableError>(ask())
      expect(error).toMatchObject({ status, code: status === 400 ? 'HTTP_ERROR' : 'IMS_UNAVAILABLE' })
      expect(error.message).toMatch(said)
      expect(error.message).toContain(String(status))
    }
  })

  it('that quotes the secret is redacted, in whatever form it is quoted (S92)', async () => {
    const quoted = [secret, encodeURIComponent(secret), new URLSearchParams({ s: secret }).toString().slice(2)]
    for (const form of quoted) {
      server.play(json({ error: `bad_${form}`, error_description: `wrong secret ${form} was sent` }, 400))
      const error = await failureOf(ask())
      const shown = `${inspect(error, { showHidden: true, depth: 9 })} ${JSON.stringify(error)} ${error.stack}`
      expect(shown).toContain('[redacted]')
      expect(shown).not.toContain(form)
      expect(shown).not.toContain('canary')
    }
  })

  it('that quotes a bearer, a code or a refresh token is redacted', async () => {
    const canary = unsignedToken({ type: 'refresh_token', client_id: 'canary' })
    server.play((request, response) => {
      const description = `${request.body} ${request.headers.authorization}`
      response.writeHead(401).end(JSON.stringify({ error: 'invalid_token', error_description: description }))
    })
    const ims = imsAt()
    const failures = await Promise.all([
      failureOf(ims.getProfile('opaque-canary-token')),
      failureOf(ims.refreshToken({ clientId: 'c', refreshToken: 'opaque-canary-refresh' })),
      failureOf(ims.exchangeAuthorizationCode({ clientId: 'c', code: 'canary-code', codeVerifier: 'canary-verifier' })),
      failureOf(ims.getAccessToken(canary, 'c', 'canary-secret')),
      failureOf(ims.exchangeJwtToken('c', 'canary-secret', 'canary-assertion')),
      failureOf(ims.exchangeToken({ clientId: 'c', token: 'canary-user-token', orgId: 'o' })),
      failureOf(ims.invalidateToken('opaque-canary-token', 'c', 'canary-secret')),
      failureOf(ims.revokeToken('opaque-canary-token', { clientId: 'c', clientSecret: 'canary-secret' })),
    ])
    for (const error of failures) {
      const shown = inspect(error, { showHidden: true, depth: 9 }) + JSON.stringify(error)
      expect(shown).toContain('[redacted]')
      expect(shown).not.toMatch(/canary/)
      expect(shown).not.toContain(canary)
    }
  })

  it('that is long is shortened without cutting a secret in two', async () => {
    for (let before = 480; before <= 500; before++) {
      server.play(json({ error: 'x', error_description: `${'-'.repeat(before)}${secret}` }, 400))
      const error = await failureOf<ImsResponseError>(ask())
      expect(error.imsErrorDescription?.length).toBeLessThanOrEqual(500)
      expect(error.message).not.toContain(secret.slice(0, 4))
    }
  })
})

describe('a success that is none (S36)', () => {
  const malformed: [string, string, Record<string, string>?][] = [
    ['an HTML page', '<html>login to the proxy</html>', { 'content-type': 'text/html' }],
    ['empty', ''],
    ['truncated JSON', '{"access_token":"abc","expi'],
    ['an array', '[]'],
    ['null', 'null'],
    ['without access_token', '{"token_type":"bearer","expires_in":1}'],
    ['with an empty access_token', '{"access_token":"","token_type":"bearer","expires_in":1}'],
    ['with access_token of a wrong type', '{"access_token":5,"token_type":"bearer","expires_in":1}'],
    ['with token_type mac', '{"access_token":"a-token","token_type":"mac","expires_in":1}'],
    ['with token_type DPoP', '{"access_token":"a-token","token_type":"DPoP","expires_in":1}'],
    ['with an empty token_type', '{"access_token":"a-token","token_type":"","expires_in":1}'],
    ['with token_type no text', '{"access_token":"a-token","token_type":5,"expires_in":1}'],
    ['with expires_in negative', '{"access_token":"a-token","token_type":"bearer","expires_in":-1}'],
    ['with expires_in zero', '{"access_token":"a-token","token_type":"bearer","expires_in":0}'],
    ['with expires_in no number', '{"access_token":"a-token","token_type":"bearer","expires_in":"soon"}'],
    ['with expires_in an object', '{"access_token":"a-token","token_type":"bearer","expires_in":{}}'],
    ['with expires_in beyond numbers', '{"access_token":"a-token","token_type":"bearer","expires_in":1e999}'],
  ]
  it.each(malformed)('%s is IMS_MALFORMED, not retried, and quotes nothing of it', async (_kind, body, headers) => {
    server.play((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'x-debug-id': 'debug-2', ...headers }).end(body)
    })
    const error = await failureOf<ImsResponseError>(ask(imsAt({ retry: { baseDelay: 0 } })))
    expect(error).toBeInstanceOf(ImsResponseError)
    expect(error).toMatchObject({ code: 'IMS_MALFORMED', status: 200, requestId: 'debug-2' })
    expect(inspect(error, { depth: 9 })).not.toContain('a-token')
    expect(server.arrived).toHaveLength(1)
  })

  it.each([
    { error: 'invalid_grant', error_description: 'the code is used up' },
    { error: 'invalid_grant', error_description: 'the code is used up', access_token: null },
    { error: 'invalid_grant', error_description: 'the code is used up', access_token: '' },
  ])('and says that IMS refused (%j) is HTTP_ERROR with what IMS said', async (body) => {
    const calls = [() => ask(), () => imsAt().exchangeJwtToken('c', secret, 'assertion')]
    for (const call of calls) {
      server.play(json({ ...body, echo: secret }, 200, { 'x-debug-id': 'debug-3' }))
      const error = await failureOf<ImsResponseError>(call())
      expect(error).toMatchObject({
        name: 'ImsResponseError',
        code: 'HTTP_ERROR',
        status: 200,
        imsError: 'invalid_grant',
        imsErrorDescription: 'the code is used up',
        requestId: 'debug-3',
      })
      expect(error.message).toContain('the code is used up')
      expect(inspect(error, { depth: 9 })).not.toContain(secret)
      expect(server.arrived).toHaveLength(1)
    }
  })

  it('does not repeat a secret that IMS quotes', async () => {
    server.play(json({ error: 'invalid_client', error_description: `${secret} is wrong` }))
    const error = await failureOf<ImsResponseError>(ask())
    expect(error.imsError).toBe('invalid_client')
    expect(inspect(error, { depth: 9 })).not.toContain(secret)
  })

  it.each([204, 205])('%i without a body is IMS_MALFORMED', async (status) => {
    server.play((_request, response) => void response.writeHead(status).end())
    await expect(ask()).rejects.toMatchObject({ code: 'IMS_MALFORMED', status })
  })

  it('holds for the JWT exchange as well', async () => {
    for (const [, body] of malformed.filter(([kind]) => !kind.includes('token_type'))) {
      server.play((_request, response) => void response.writeHead(200).end(body))
      await expect(imsAt().exchangeJwtToken('c', 's', 'assertion')).rejects.toMatchObject({ code: 'IMS_MALFORMED' })
    }
  })

  it('is refused where it is larger than any answer of IMS, by its headers or by what comes (S82)', async () => {
    const huge = `{"access_token":"${'x'.repeat(5_000_000)}"}`
    server.play((_request, response) => void response.writeHead(200, { 'content-length': huge.length }).end(huge))
    await expect(ask()).rejects.toMatchObject({ code: 'IMS_MALFORMED' })
    let written = 0
    let cut: () => void = () => {}
    const closed = new Promise<void>((resolve) => {
      cut = resolve
    })
    server.play((_request, response) => {
      response.writeHead(200).once('close', cut)
      const more = () => {
        // no end: only the reader can stop it
        while (!response.destroyed && response.write('x'.repeat(65_536))) written += 65_536
      }
      response.on('drain', more)
      more()
    })
    await expect(ask()).rejects.toMatchObject({ code: 'IMS_MALFORMED' })
    await closed
    expect(written).toBeLessThan(64 * 1024 * 1024)
  })

  it('is refused where it is small only because it is compressed', async () => {
    const bomb = gzipSync('x'.repeat(40_000_000))
    server.play((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bomb.length }).end(bomb)
    })
    await expect(ask()).rejects.toMatchObject({ code: 'IMS_MALFORMED', message: expect.stringMatching(/longer than/) })
  })
})

describe('a token answer', () => {
  const expiryOf = async (body: unknown, headers: Record<string, string> = {}) => {
    const clock = fakeClock()
    server.play(json(body, 200, { date: new Date(clock.now()).toUTCString(), ...headers }))
    const { access_token } = await ask(imsAt({ clock }))
    return access_token.expiry - clock.now()
  }

  it.each(['bearer', 'Bearer', 'BEARER', undefined])('may have token_type %s', async (token_type) => {
    await expect(expiryOf({ ...good, token_type })).resolves.toBe(3_600_000)
  })

  it.each([
    { refresh_token: null },
    { refresh_token: '' },
    { refresh_token: 5 },
    { scope: null },
    { scope: '' },
    { scope: {} },
    { id_token: null },
    { id_token: '' },
    { token_type: null },
    { expires_in: '3600' },
    { expires_in: 3600.5 },
    { error: null, error_description: null },
    { refresh_token: null, scope: null, id_token: null, token_type: null, account_cluster_data: null },
  ])('may have optional members that say nothing: %j', async (more) => {
    const expected = Number(more.expires_in ?? 3600) * 1000
    await expect(expiryOf({ ...good, ...more })).resolves.toBe(expected)
    server.play(json({ ...good, ...more, expires_in: 3_600_000 }))
    const exchanged = await imsAt().exchangeJwtToken('c', 's', 'assertion')
    expect(exchanged.access_token.token).toBe('opaque-token')
  })

  it('may have expires_in null, which says as much as none', async () => {
    await expect(expiryOf({ ...good, expires_in: null })).resolves.toBe(600_000)
  })

  it('may have scopes as a list', async () => {
    server.play(json({ ...good, scope: ['openid', 'AdobeID'] }))
    const flow = clientCredentials({ clientId: 'c', clientSecret: 's', scopes: ['openid'] })
    const client = createClient({ flow, endpoint: server.url, ...memoryPlatform() })
    expect((await client.getTokens()).scopes).toEqual(['openid', 'AdobeID'])
  })

  it('may have members that nobody knows, another content type and another charset (S36)', async () => {
    server.play((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain; charset=iso-8859-1' })
      response.end(JSON.stringify({ ...good, surprise: { x: [1] }, __proto__: { polluted: true } }))
    })
    await expect(ask()).resolves.toMatchObject({ payload: { surprise: { x: [1] } } })
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  it('may say expires_in as a string (S36)', async () => {
    await expect(expiryOf({ ...good, expires_in: '3600' })).resolves.toBe(3_600_000)
  })

  it('with a huge expires_in is not believed for ever (S36)', async () => {
    await expect(expiryOf({ ...good, expires_in: 1e15 })).resolves.toBe(366 * day)
  })

  it('without expires_in takes the expiry from the claims', async () => {
    const clock = fakeClock()
    const access_token = unsignedToken({ created_at: String(clock.now()), expires_in: '7200000' })
    await expect(expiryOf({ access_token })).resolves.toBe(7_200_000)
    const standard = unsignedToken({ exp: clock.now() / 1000 + 60 })
    await expect(expiryOf({ access_token: standard })).resolves.toBe(60_000)
  })

  it('prefers expires_in over the claims', async () => {
    const access_token = unsignedToken({ created_at: '0', expires_in: '1' })
    await expect(expiryOf({ ...good, access_token })).resolves.toBe(3_600_000)
  })

  it('without expires_in and without readable claims is good for a short time only', async () => {
    await expect(expiryOf({ access_token: 'opaque' })).resolves.toBe(600_000)
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

  it('is given as long as the caller says', async () => {
    const clock = fakeClock()
    server.play(() => {})
    const failure = failureOf(ask(imsAt({ clock, timeout: 1_000 })))
    await server.arrivals(1)
    await clock.advance(1_000)
    expect(await failure).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('1000 ms') })
  })

  it('ends in TIMEOUT also where fetch ignores its signal (S50)', async () => {
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

describe('bad input', () => {
  it('is refused before anything is sent', async () => {
    server.play(json(good))
    const ims = imsAt()
    const none = undefined as unknown as string
    const wrong = [
      ims.getAccessTokenByClientCredentials(none, 's'),
      ims.getAccessTokenByClientCredentials('c', none),
      ims.exchangeJwtToken(none, 's', 'jwt'),
      ims.exchangeJwtToken('c', none, 'jwt'),
      ims.exchangeJwtToken('c', 's', none),
      ims.exchangeAuthorizationCode({ clientId: 'c', code: none }),
      ims.exchangeAuthorizationCode({ clientId: '', code: 'code' }),
      ims.refreshToken({ clientId: 'c', refreshToken: none }),
      ims.exchangeToken({ clientId: 'c', token: none, orgId: 'o' }),
      ims.exchangeToken({ clientId: 'c', token: 't' }),
      ims.exchangeToken({ clientId: 'c', token: 't', orgId: 'o', userId: 'u' }),
      ims.invalidateToken(none, 'c', 's'),
      ims.revokeToken(none, { clientId: 'c' }),
      ims.get('no-slash'),
      ims.get('@evil.test/ims/profile/v1', 'token'),
      ims.post('.evil.test/', 'token'),
      ims.validateTokenAllowList('t', 'a,b' as unknown as string[]),
      ims.getAccessTokenByClientCredentials('c', 's', 'o', [7] as unknown as string[]),
    ]
    for (const work of wrong) expect(await failureOf(work)).toMatchObject({ code: 'BAD_OPTION' })
    for (const token of ['canary words', 'canary\nbreak', 'canary☃', {} as unknown as string]) {
      const error = await failureOf(ims.getProfile(token))
      expect(error).toMatchObject({ code: 'BAD_TOKEN' })
      expect(inspect(error)).not.toContain('canary')
    }
    expect(server.arrived).toHaveLength(0)
  })

  it('in the options is named', () => {
    const wrong: unknown[] = [
      { timeout: 0 },
      { timeout: -1 },
      { timeout: Number.NaN },
      { timeout: '1000' },
      { retry: { retries: -1 } },
      { retry: { baseDelay: Number.NaN } },
      { retry: { maxDelay: '5' } },
      { fetch: 'fetch' },
    ]
    for (const options of wrong) {
      const name = Object.keys(options as object)[0] ?? ''
      expect(() => imsAt(options as ImsOptions)).toThrow(
        expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining(name) }),
      )
    }
    expect(() => imsAt({ retry: { retries: undefined } as never })).not.toThrow()
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
    expect(events).toEqual([
      expect.objectContaining({ type: 'request', method: 'POST', path: '/ims/token/v2', attempt: 1, status: 503 }),
      { type: 'retry', path: '/ims/token/v2', attempt: 1, delay: 0, reason: 'IMS_UNAVAILABLE' },
      expect.objectContaining({ type: 'request', attempt: 2, status: 200 }),
    ])
    expect(JSON.stringify(events)).not.toMatch(/canary|opaque-token/)
  })

  it('harm nothing where the listener throws', async () => {
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

describe('the server’s clock', () => {
  const at = (ms: number): Record<string, string> => ({ date: new Date(ms).toUTCString() })

  it('is learned from Date where it is more than a minute off, and told once', async () => {
    const clock = fakeClock()
    const events: ImsEvent[] = []
    const ims = imsAt({ clock, onEvent: (event) => void (event.type === 'clock-skew' && events.push(event)) })
    server.play(json(good, 200, at(clock.now() + 59_000)))
    await ask(ims)
    expect(events).toEqual([])
    server.play(json(good, 200, at(clock.now() - 7_200_000)))
    await ask(ims)
    await ask(ims)
    expect(events).toEqual([{ type: 'clock-skew', skew: -7_200_000 }])
  })

  it('corrects an expiry that only the claims tell; one from expires_in needs no correction', async () => {
    const clock = fakeClock()
    const theirs = clock.now() + 5 * 3_600_000
    const access_token = unsignedToken({ created_at: String(theirs), expires_in: '3600000' })
    server.play(json({ access_token }, 200, at(theirs)))
    expect((await ask(imsAt({ clock }))).access_token.expiry - clock.now()).toBe(3_600_000)
    server.play(json({ ...good, access_token }, 200, at(theirs)))
    expect((await ask(imsAt({ clock }))).access_token.expiry - clock.now()).toBe(3_600_000)
  })

  it('is learned from a refusal as well', async () => {
    const clock = fakeClock()
    const skews: number[] = []
    server.play(json({ error: 'invalid_token' }, 400, at(clock.now() + 600_000)))
    await failureOf(
      ask(imsAt({ clock, onEvent: (event) => void (event.type === 'clock-skew' && skews.push(event.skew)) })),
    )
    expect(skews).toEqual([600_000])
  })

  it('that is nonsense is not believed', async () => {
    server.play(json(good, 200, { date: 'yesterday' }))
    const skews: ImsEvent[] = []
    await ask(imsAt({ onEvent: (event) => void (event.type === 'clock-skew' && skews.push(event)) }))
    expect(skews).toEqual([])
  })
})

it('every failure is one of ours', async () => {
  const clock = hastyClock(30_000)
  server.play((_request, response) => void response.destroy())
  const error = await failureOf(ask(imsAt({ clock, retry: {} })))
  expect(isImsError(error)).toBe(true)
  expect(server.arrived).toHaveLength(4)
})
