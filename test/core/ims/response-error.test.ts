import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ImsResponseError, type UnavailableError } from '../../../src/core/index.ts'
import { failureOf, json, unsignedToken } from '../scripted-server.ts'
import { ask, attacker, good, imsAt, secret, server } from './ims-on-server.ts'

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

describe('a success that is not one (S36)', () => {
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

  it('is refused if it is larger than any answer of IMS, by its headers or by its body (S82)', async () => {
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

  it('is refused if it is small only because it is compressed', async () => {
    const bomb = gzipSync('x'.repeat(40_000_000))
    server.play((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bomb.length }).end(bomb)
    })
    await expect(ask()).rejects.toMatchObject({ code: 'IMS_MALFORMED', message: expect.stringMatching(/longer than/) })
  })
})
