import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type RelayLoginOptions, relayLogin } from '../../../src/adapters/node/login/login-relay.ts'
import { freePort } from '../../browser/ims.ts'

const origin = 'https://aio-login.adobeioruntime.net'
const base = `${origin}/api/v1/web/default/applogin`
const tokens = {
  access_token: { token: 'at', expiry: 1_900_000_000_000 },
  refresh_token: { token: 'rt', expiry: 1_901_000_000_000 },
}

/** A login under way, and where the relay would send its callback. */
async function start(options: Partial<RelayLoginOptions> = {}) {
  const lines: string[] = []
  let shown: (url: string) => void = () => {}
  const opened = new Promise<URL>((resolve) => {
    shown = (url) => resolve(new URL(url))
  })
  const result = relayLogin({
    env: 'prod',
    processEnv: {},
    output: (line) => lines.push(line),
    open: shown,
    ...options,
  })
  const url = await Promise.race([opened, result.then(() => Promise.reject(new Error('ended')))])
  const relayed = url.searchParams.has('id') ? url : new URL(url.searchParams.get('redirect_uri') ?? '')
  const id = relayed.searchParams.get('id') ?? ''
  const port = relayed.searchParams.get('port')
  const fields = (more: Record<string, string> = {}) =>
    new URLSearchParams({
      code: JSON.stringify(tokens),
      code_type: 'access_token',
      state: JSON.stringify({ id }),
      ...more,
    })
  const local = `http://localhost:${port}`
  const post = (body: BodyInit, headers: Record<string, string> = { origin }) =>
    fetch(local, { method: 'POST', body, headers })
  return { result, url, relayed, id, local, fields, post, lines }
}

describe('relayLogin', () => {
  test('sends the user to the relay with an id of 128 bits', async () => {
    const { url, id, post, fields, result, lines } = await start()
    expect(url.origin + url.pathname).toBe(base)
    expect([...url.searchParams.keys()]).toEqual(['id', 'port', 'redirect_uri'])
    expect(url.searchParams.get('redirect_uri')).toBe(`${base}/login-success`)
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(lines.join('\n')).toContain(url.href)
    await post(fields())
    await result
    expect(lines.join('\n')).not.toMatch(/"at"|"rt"/)
  })

  test.skipIf(process.platform !== 'linux')(
    'listens where a container publishes its port, under the name of this machine, and says so',
    async () => {
      const port = await freePort()
      const { post, fields, result, lines } = await start({ bind: '0.0.0.0', port })
      expect(lines[0]).toMatch(/^Warning: .*0\.0\.0\.0/)
      // an address of this machine that only one who listens on all of them answers on
      const stranger = await fetch(`http://127.0.0.2:${port}/`)
      expect(stranger.status).toBe(400)
      await post(fields())
      expect((await result).type).toBe('access_token')
    },
  )

  test('the id is new every time; client and scope are passed on', async () => {
    const one = await start({ clientId: 'my client', scope: 'openid,AdobeID', env: 'stage' })
    const two = await start()
    expect(one.id).not.toBe(two.id)
    expect(one.url.origin).toBe('https://aio-login-stage.adobeioruntime.net')
    expect(one.url.searchParams.get('client_id')).toBe('my client')
    expect(one.url.searchParams.get('scope')).toBe('openid,AdobeID')
    await Promise.all([one.post(one.fields(), {}), two.post(two.fields(), {})])
    await Promise.all([one.result, two.result])
  })

  test('forceLogin signs out first, and the nested address is encoded once', async () => {
    const { url, relayed, post, fields, result } = await start({ forceLogin: true })
    expect(url.href).toMatch(
      /^https:\/\/ims-na1\.adobelogin\.com\/ims\/logout\/v1\?client_id=aio-cli-console-auth&redirect_uri=https%3A%2F%2F/,
    )
    expect(relayed.origin + relayed.pathname).toBe(base)
    expect(relayed.searchParams.get('redirect_uri')).toBe(`${base}/login-success`)
    await post(fields())
    await result
    const stage = await start({ forceLogin: true, env: 'stage', endpoint: 'http://127.0.0.1:9/' })
    expect(stage.url.href).toMatch(/^http:\/\/127\.0\.0\.1:9\/ims\/logout\/v1\?client_id=aio-cli-console-auth-stage&/)
    await stage.post(stage.fields(), {})
    await stage.result
  })

  test('POST brings tokens', async () => {
    const { post, fields, result } = await start()
    const response = await post(fields())
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toEqual({ protocol_version: 2, redirect: `${base}/signed-in`, error: false })
    expect(await result).toEqual({
      type: 'access_token',
      accessToken: tokens.access_token,
      refreshToken: tokens.refresh_token,
    })
  })

  test('tokens without a refresh token, and with an expiry in quotes', async () => {
    const { post, fields, result } = await start()
    await post(fields({ code: '{"access_token":{"token":"at","expiry":"1900000000000"}}' }))
    expect(await result).toEqual({ type: 'access_token', accessToken: tokens.access_token })
  })

  test('GET brings an authorization code and redirects to the relay', async () => {
    const { local, fields, result } = await start()
    const query = fields({ code: 'an-opaque-code', code_type: 'auth_code' })
    const response = await fetch(`${local}/?${query}`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([302, `${base}/signed-in`])
    expect(await result).toEqual({ type: 'auth_code', code: 'an-opaque-code' })
  })

  test('OPTIONS lets the relay alone in', async () => {
    const { local, post, fields, result } = await start()
    for (const from of [origin, 'https://evil.test']) {
      const response = await fetch(local, { method: 'OPTIONS', headers: { origin: from } })
      expect([response.status, await response.text()]).toEqual([200, ''])
      expect(response.headers.get('access-control-allow-origin')).toBe(origin)
      expect(response.headers.get('access-control-allow-methods')).toBe('OPTIONS, POST')
      expect(response.headers.get('access-control-allow-private-network')).toBeNull()
    }
    const asking = { 'access-control-request-private-network': 'true', origin }
    const response = await fetch(local, { method: 'OPTIONS', headers: asking })
    expect(response.headers.get('access-control-allow-private-network')).toBe('true')
    await post(fields())
    await result
  })

  test('bad requests neither end nor crash the login (S68)', async () => {
    const { local, id, post, fields, result } = await start()
    const settled: string[] = []
    void result.then(
      () => settled.push('done'),
      () => settled.push('failed'),
    )
    const bad: [string, BodyInit, Record<string, string>?][] = [
      ['nothing', ''],
      ['state=null', 'code=c&code_type=access_token&state=null'],
      ['no JSON', 'code=c&state=%7B'],
      ['state of another kind', fields({ state: `"${id}"` })],
      ['id of another kind', fields({ state: '{"id":["x"]}' })],
      ['wrong id', fields({ state: '{"id":"0123456789abcdef0123456789abcdef"}' })],
      ['no code', fields({ code: '' })],
      ['tokens that are no JSON', fields({ code: '{' })],
      ['tokens that are null', fields({ code: 'null' })],
      ['no access token', fields({ code: '{"refresh_token":{"token":"rt","expiry":1}}' })],
      ['an expiry that is none', fields({ code: '{"access_token":{"token":"at","expiry":"soon"}}' })],
      ['two states', `${fields()}&state=x`],
      ['two codes', `${fields()}&code=x`],
      ['another origin', fields(), { origin: 'https://evil.test' }],
    ]
    for (const [name, body, headers] of bad) {
      const response = await post(body, headers)
      expect(response.status, name).toBe(400)
      expect(await response.json()).toEqual({
        protocol_version: 2,
        redirect: `${base}/error?message=An%20error%20occurred%20in%20the%20cli.`,
        error: true,
        message: 'An error occurred in the cli.',
      })
    }
    expect((await post('x'.repeat(300_000))).status).toBe(413)
    for (const method of ['PUT', 'DELETE', 'HEAD']) expect((await fetch(local, { method })).status).toBe(405)
    expect((await fetch(`${local}/favicon.ico`)).status).toBe(404)
    const stray = await fetch(`${local}/?code=x&state=null`, { redirect: 'manual' })
    expect(stray.headers.get('location')).toBe(`${base}/error?message=An%20error%20occurred%20in%20the%20cli.`)
    expect(settled).toEqual([])
    expect((await post(fields(), { origin: 'null' })).status).toBe(200)
    expect(await result).toMatchObject({ accessToken: tokens.access_token })
    await expect(fetch(local, { redirect: 'manual' })).rejects.toThrow()
  })

  test('another relay can be used, over https or on this machine', async () => {
    const { url, local, fields, result } = await start({ baseUrl: 'http://127.0.0.1:9/relay/' })
    expect(url.href).toMatch(/^http:\/\/127\.0\.0\.1:9\/relay\?id=/)
    const response = await fetch(local, { method: 'POST', body: fields(), headers: { origin: 'http://127.0.0.1:9' } })
    expect(response.headers.get('access-control-allow-origin')).toBe('http://127.0.0.1:9')
    expect(await response.json()).toMatchObject({ redirect: 'http://127.0.0.1:9/relay/signed-in' })
    await result
    for (const baseUrl of ['http://relay.example/', 'file:///x', 'nothing']) {
      const refused = relayLogin({ env: 'prod', processEnv: {}, open: false, baseUrl })
      await expect(refused).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('baseUrl') })
    }
  })

  test('says at once what cannot be (S32)', async () => {
    const options = { env: 'prod', processEnv: {}, open: false } as const
    const lines: string[] = []
    const output = (line: string) => void lines.push(line)
    await expect(relayLogin({ ...options, output, processEnv: { CI: '1' } })).rejects.toMatchObject({
      code: 'LOGIN_NOT_POSSIBLE',
    })
    for (const env of ['dev', 'toString', '__proto__']) {
      const refused = relayLogin({ ...options, output, env: env as 'prod' })
      await expect(refused).rejects.toMatchObject({ code: 'CANNOT_RESOLVE_ENVIRONMENT' })
    }
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const busy = relayLogin({ ...options, output, processEnv: { AIO_IMS_LOCAL_LOGIN_PORT: String(port) } })
    await expect(busy).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining(`Port ${port}`) })
    other.close()
    expect(lines).toEqual([])
  })

  test('times out, is aborted, and stops listening either way', async () => {
    const slow = await start({ timeout: 50 })
    const error = await slow.result.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('0.05 s') })
    expect(inspect(error)).not.toContain(slow.id)
    await expect(fetch(slow.local, { redirect: 'manual' })).rejects.toThrow()
    const abort = new AbortController()
    const aborted = await start({ signal: abort.signal })
    const reason = { mine: true }
    abort.abort(reason)
    await expect(aborted.result).rejects.toBe(reason)
    await expect(fetch(aborted.local, { redirect: 'manual' })).rejects.toThrow()
    const early = relayLogin({ env: 'prod', processEnv: {}, open: false, signal: AbortSignal.abort(reason) })
    await expect(early).rejects.toBe(reason)
  })
})
