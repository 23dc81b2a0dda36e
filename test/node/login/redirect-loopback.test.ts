import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { inspect } from 'node:util'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type LoopbackRedirectOptions, loopbackRedirect } from '../../../src/adapters/node/login/redirect-loopback.ts'
import type { Trip } from '../../../src/core/ports.ts'

const state = '0123456789abcdef0123456789abcdef'
const authorizationUrl = new URL(`https://ims.example/ims/authorize/v2?client_id=c&state=${state}`)
const isLinux = process.platform === 'linux'
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
const trips: Trip[] = []
afterEach(async () => {
  for (const trip of trips.splice(0)) await trip.close()
})

/** A login under way, with everything a person would have to do left to the test. */
async function begin(options: LoopbackRedirectOptions = {}, signal?: AbortSignal) {
  const lines: string[] = []
  const redirect = loopbackRedirect({ env: {}, open: false, output: (line) => lines.push(line), ...options })
  const trip = await redirect.prepare({ signal })
  trips.push(trip)
  return { trip, lines, port: Number(new URL(trip.redirectUri).port) }
}

function answer(trip: Trip, query: Record<string, string> = {}): string {
  return `${trip.redirectUri}?${new URLSearchParams({ code: 'the-code', state, ...query })}`
}

interface Raw {
  readonly method?: string
  readonly path?: string
  readonly host?: string | undefined
  readonly address?: string
  readonly body?: string
}

/** One request as exact bytes; resolves to everything that came back. */
function raw(port: number, { method = 'GET', path = '/', host, address = '127.0.0.1', body }: Raw): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, address, () => {
      const length = body === undefined ? '' : `Content-Length: ${body.length}\r\n`
      socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${host ?? `127.0.0.1:${port}`}\r\n${length}\r\n${body ?? ''}`)
    })
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
}

describe('loopbackRedirect', () => {
  test('resolves to the callback URL and shows a page that can be closed (S70)', async () => {
    const { trip } = await begin()
    const gone = trip.navigate(authorizationUrl)
    const response = await fetch(answer(trip, { extra: '1' }))
    const page = await response.text()
    const callback = await gone
    expect(callback.href).toBe(answer(trip, { extra: '1' }))
    expect(response.status).toBe(200)
    expect(page).toContain('You can close this tab')
    expect(page).not.toContain('the-code')
    expect(page).not.toContain(state)
    expect(page).not.toMatch(/src=|href=|url\(|<script/)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('the page arrives whole even when the login ends at once', async () => {
    const { trip } = await begin()
    const ended = trip.navigate(authorizationUrl).then(() => trip.close())
    const page = await (await fetch(answer(trip))).text()
    await ended
    expect(page).toContain('</html>')
    await expect(fetch(answer(trip))).rejects.toThrow()
  })

  test('a refusal of the authorization server comes back as a URL too, its words escaped on the page', async () => {
    const { trip } = await begin()
    const gone = trip.navigate(authorizationUrl)
    const query = { error: 'access_denied', error_description: '<img src=x onerror=alert(1)>', state }
    const page = await (await fetch(`${trip.redirectUri}?${new URLSearchParams(query)}`)).text()
    expect((await gone).searchParams.get('error')).toBe('access_denied')
    expect(page).toContain('access_denied: &lt;img src=x onerror=alert(1)&gt;')
    expect(page).not.toContain('<img')
  })

  test('an error without a state ends no login; a login that then times out says it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { trip } = await begin({ timeout: 1_500 })
    const gone = trip.navigate(authorizationUrl)
    gone.catch(() => {})
    const said = 'error=invalid_scope&error_description=not%20yours%E2%80%AE&jump=https://evil.example/'
    const other = await fetch(`${trip.redirectUri}?error=ignored&state=another`)
    expect([other.status, await other.text()]).toEqual([400, expect.not.stringContaining('ignored')])
    const response = await fetch(`${trip.redirectUri}?${said}`)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('It says invalid_scope: not yours.')
    vi.advanceTimersByTime(1_500)
    const error = await gone.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('invalid_scope: not yours.') })
    // not the address that the request named: anyone can have sent it
    expect(error).toHaveProperty('details', { imsError: 'invalid_scope', imsErrorDescription: 'not yours' })
  })

  test('after an error without a state, and one pasted with a fragment, the login completes', async () => {
    const input = new PassThrough()
    const { trip, lines } = await begin({ input })
    const gone = trip.navigate(authorizationUrl)
    expect((await fetch(`${trip.redirectUri}?error=invalid_scope`)).status).toBe(400)
    await expect.poll(() => lines.join('\n')).toContain('paste the address')
    input.write(`${trip.redirectUri}#error=unauthorized_client&state=${state}\n`)
    await expect.poll(() => lines.join('\n')).toContain('It says unauthorized_client.')
    await fetch(answer(trip))
    expect((await gone).searchParams.get('code')).toBe('the-code')
  })

  test('stray and hostile requests neither end nor complete the login (S68)', async () => {
    const { trip, port } = await begin()
    const slow = connect(port, '127.0.0.1')
    await once(slow, 'connect')
    slow.write('GET /callback?code=a HTTP/1.1\r\nHost: 127')
    const idle = connect(port, '127.0.0.1')
    await once(idle, 'connect')
    const settled: unknown[] = []
    const gone = trip.navigate(authorizationUrl)
    gone.then(
      () => settled.push('done'),
      (error) => settled.push(error),
    )
    const good = `/callback?code=c&state=${state}`
    const cases: [Raw, number][] = [
      [{ path: '/favicon.ico' }, 404],
      [{ path: '/' }, 404],
      [{ path: `/other?code=c&state=${state}` }, 404],
      [{ path: `//callback?code=c&state=${state}` }, 404],
      [{ path: '/callback' }, 400],
      [{ path: '/callback?code=c' }, 400],
      [{ path: `/callback?state=${state}` }, 400],
      [{ path: `/callback?code=&state=${state}` }, 400],
      [{ path: '/callback?code=c&state=wrong' }, 400],
      [{ path: `/callback?code=c&state=${state.toUpperCase()}` }, 400],
      [{ path: `/callback?code=c&code=d&state=${state}` }, 400],
      [{ path: `/callback?code=c&state=${state}&state=${state}` }, 400],
      [{ path: `/callback?code=c&error=e&state=${state}` }, 400],
      [{ path: good, method: 'HEAD' }, 405],
      [{ path: good, method: 'PUT', body: 'x' }, 405],
      [{ path: '/callback', method: 'POST', body: `code=c&state=${state}` }, 405],
      [{ path: good, method: 'OPTIONS' }, 405],
      [{ path: good, host: 'evil.test' }, 400],
      [{ path: good, host: `evil.test:${port}` }, 400],
      [{ path: good, host: `127.0.0.1:${port === 1 ? 2 : 1}` }, 400],
      [{ path: good, host: `127.0.0.1:${port}\r\nHost: evil.test` }, 400],
      [{ path: `http://127.0.0.1:${port}${good}` }, 400],
      [{ path: `/callback?state=${state}&code=${'c'.repeat(20_000)}` }, 431],
      [{ path: '/ \r\nbroken' }, 400],
    ]
    for (const [request, status] of cases) {
      const response = await raw(port, request)
      expect(response.split('\r\n')[0], JSON.stringify(request).slice(0, 100)).toMatch(
        new RegExp(`^HTTP/1.1 ${status} `),
      )
      expect(response.toLowerCase()).toContain('cache-control: no-store')
      expect(response).not.toContain(state)
    }
    expect(settled).toEqual([])
    await fetch(answer(trip))
    expect((await gone).searchParams.get('code')).toBe('the-code')
    const closed = Promise.all([once(slow, 'close'), once(idle, 'close')])
    slow.on('error', () => {})
    idle.on('error', () => {})
    await trip.close()
    await closed
  })

  test('an answer before anyone was sent anywhere is not taken', async () => {
    const { trip } = await begin()
    expect((await fetch(answer(trip))).status).toBe(404)
    const gone = trip.navigate(authorizationUrl)
    await fetch(answer(trip, { code: 'later' }))
    expect((await gone).searchParams.get('code')).toBe('later')
  })

  test('prints the URL, and no more of it than the person needs', async () => {
    const opened: string[] = []
    const { trip, lines } = await begin({ open: (url) => void opened.push(url) })
    const gone = trip.navigate(authorizationUrl)
    await fetch(answer(trip))
    await gone
    expect(opened).toEqual([authorizationUrl.href])
    expect(lines.join('\n')).toContain(authorizationUrl.href)
    expect(lines.join('\n')).not.toContain('the-code')
  })

  test.skipIf(process.platform === 'win32')(
    'starts the browser without the state, by an address that works once',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'imskit-door-'))
      onTestFinished(() => rm(directory, { recursive: true, force: true }))
      const [browser, log] = [join(directory, 'browser'), join(directory, 'log')]
      await writeFile(browser, `#!/bin/sh\necho "$@" > '${log}.new'\nmv '${log}.new' '${log}'\n`, { mode: 0o755 })
      const { trip } = await begin({ open: true, browser, env: { PATH: process.env.PATH } })
      const gone = trip.navigate(authorizationUrl)
      const opened = (await vi.waitFor(() => readFile(log, 'utf8'), { timeout: 20_000 })).trim()
      expect(opened).not.toContain(state)
      expect(new URL(opened).origin).toBe(new URL(trip.redirectUri).origin)
      expect((await fetch(opened, { method: 'POST' })).status).toBe(405)
      const first = await fetch(opened, { redirect: 'manual' })
      expect({ status: first.status, to: first.headers.get('location') }).toEqual({
        status: 302,
        to: authorizationUrl.href,
      })
      const second = await fetch(opened, { redirect: 'manual' })
      expect({ status: second.status, text: await second.text() }).toEqual({
        status: 410,
        text: expect.not.stringContaining(state),
      })
      await fetch(answer(trip))
      await gone
    },
  )

  test('a browser that does not open fails nothing', async () => {
    const { trip, lines } = await begin({ open: () => Promise.reject(new Error('no display')) })
    const gone = trip.navigate(authorizationUrl)
    await fetch(answer(trip))
    await gone
    expect(lines.join('\n')).toContain('No browser could be opened')
  })

  test('an output that throws fails nothing', async () => {
    const output = () => {
      throw new Error('EPIPE')
    }
    const { trip } = await begin({ output, input: new PassThrough() })
    const gone = trip.navigate(authorizationUrl)
    await fetch(answer(trip))
    expect((await gone).searchParams.get('code')).toBe('the-code')
  })

  test.each(['javascript:alert(1)', 'file:///etc/passwd', 'http://ims.example/', 'calc:x'])(
    'sends nobody to %s',
    async (address) => {
      const opened: string[] = []
      const { trip, lines } = await begin({ open: (url) => void opened.push(url) })
      const url = new URL(address)
      url.searchParams.set('state', state)
      await expect(trip.navigate(url)).rejects.toMatchObject({ name: 'ConfigurationError', code: 'BAD_OPTION' })
      expect([...opened, ...lines]).toEqual([])
    },
  )

  test('an authorization URL without exactly one state is refused, and so is a second use', async () => {
    const { trip } = await begin()
    await expect(trip.navigate(new URL('https://ims.example/'))).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await expect(trip.navigate(new URL('https://ims.example/?state=a&state=b'))).rejects.toMatchObject({
      code: 'BAD_OPTION',
    })
    const gone = trip.navigate(authorizationUrl)
    await expect(trip.navigate(authorizationUrl)).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await fetch(answer(trip))
    await gone
  })
})

describe('where it listens (S66, S67)', () => {
  test.skipIf(!isLinux)('on the loopback addresses alone, on one port, and nowhere after the end', async () => {
    const { trip, port } = await begin()
    expect(trip.redirectUri).toBe(`http://127.0.0.1:${port}/callback`)
    expect(await listening(port)).toEqual(hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'])
    for (const address of ownAddresses()) await expect(raw(port, { address })).rejects.toThrow()
    trip.close()
    trip.close()
    expect(await listening(port)).toEqual([])
  })

  test('answers under 127.0.0.1, localhost and [::1]', async () => {
    const { trip, port } = await begin()
    const gone = trip.navigate(authorizationUrl)
    for (const host of [`LOCALHOST:${port}`, `[::1]:${port}`]) {
      expect(await raw(port, { host, path: '/callback' })).toMatch(/^HTTP\/1.1 400/)
      expect(await raw(port, { host, path: '/nothing' })).toMatch(/^HTTP\/1.1 404/)
    }
    await raw(port, { host: `localhost:${port}`, path: `/callback?code=c&state=${state}` })
    expect((await gone).href).toBe(`${trip.redirectUri}?code=c&state=${state}`)
  })

  test.each([
    ['localhost', 'http://localhost:'],
    ['::1', 'http://[::1]:'],
  ] as const)('host %s', async (host, start) => {
    if (host === '::1' && !hasIpv6) return
    const { trip, port } = await begin({ host, path: '/signed-in' })
    expect(trip.redirectUri).toBe(`${start}${port}/signed-in`)
    const gone = trip.navigate(authorizationUrl)
    await fetch(answer(trip))
    expect((await gone).href).toBe(answer(trip))
  })

  test('any other host is refused (S69)', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.0.1', 'evil.test']) {
      const refused = begin({ host: host as 'localhost' })
      await expect(refused).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('host') })
    }
  })

  test('each login has its own port (S67)', async () => {
    const [one, two] = await Promise.all([begin(), begin()])
    expect(one.port).not.toBe(two.port)
  })

  test.each([['127.0.0.1'], ['::1']])('a port that is busy on %s is a clear error', async (address) => {
    if (address === '::1' && !hasIpv6) return
    const other = createServer().listen({ port: 0, host: address, ipv6Only: true })
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const busy = { name: 'ConfigurationError', code: 'BAD_OPTION', message: expect.stringContaining(`Port ${port}`) }
    await expect(begin({ port })).rejects.toMatchObject(busy)
    await expect(begin({ env: { AIO_IMS_LOCAL_LOGIN_PORT: String(port) } })).rejects.toMatchObject(busy)
    expect((await listening(port)).filter((held) => held !== address)).toEqual([])
    other.close()
  })

  test('the port can be given by option or variable', async () => {
    const { port, trip } = await begin()
    trip.close()
    expect((await begin({ env: { AIO_IMS_LOCAL_LOGIN_PORT: ` ${port} ` } })).port).toBe(port)
    for (const { close: end } of trips.splice(0)) await end()
    expect((await begin({ port, env: { AIO_IMS_LOCAL_LOGIN_PORT: 'ignored' } })).port).toBe(port)
    expect((await begin({ env: { AIO_IMS_LOCAL_LOGIN_PORT: '' } })).port).toBeGreaterThan(0)
  })

  test.each(['80a', '-1', '65536', '0x50', '1e3', '1.5'])('%s is no port', async (port) => {
    const viaEnv = begin({ env: { AIO_IMS_LOCAL_LOGIN_PORT: port } })
    await expect(viaEnv).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining(port) })
  })

  test('bad options are named', async () => {
    await expect(begin({ port: 70_000 })).rejects.toMatchObject({ message: expect.stringContaining("'port'") })
    await expect(begin({ timeout: 0 })).rejects.toMatchObject({ message: expect.stringContaining("'timeout'") })
    await expect(begin({ timeout: Number.NaN })).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await expect(begin({ path: 'callback' })).rejects.toMatchObject({ message: expect.stringContaining("'path'") })
    await expect(begin({ path: '/a?b' })).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })
})

describe('bound to another address', () => {
  const [elsewhere] = ownAddresses()

  test.skipIf(elsewhere === undefined)('it is reached from outside under the name of this machine alone', async () => {
    const port = await freePort()
    const { trip, lines } = await begin({ bind: '0.0.0.0', port })
    expect(trip.redirectUri).toBe(`http://127.0.0.1:${port}/callback`)
    const gone = trip.navigate(authorizationUrl)
    expect(lines[0]).toMatch(
      new RegExp(`^Warning: .* 0\\.0\\.0\\.0, port ${port}, .*-p 127\\.0\\.0\\.1:${port}:${port}`),
    )
    const good = `/callback?code=c&state=${state}`
    for (const host of [`${elsewhere}:${port}`, `0.0.0.0:${port}`, `evil.test:${port}`]) {
      expect(await raw(port, { address: elsewhere ?? '', host, path: good })).toMatch(/^HTTP\/1.1 400/)
    }
    expect(await raw(port, { address: elsewhere ?? '', path: '/callback?code=c&state=wrong' })).toMatch(
      /^HTTP\/1.1 400/,
    )
    // what a published port passes on names the machine that it was published on
    expect(await raw(port, { address: elsewhere ?? '', path: good })).toMatch(/^HTTP\/1.1 200/)
    expect((await gone).href).toBe(`${trip.redirectUri}?code=c&state=${state}`)
    await trip.close()
    await expect(raw(port, { address: elsewhere ?? '' })).rejects.toThrow()
  })

  test('needs a port that was chosen, so that nothing is opened by one word', async () => {
    const needsPort = { code: 'BAD_OPTION', message: expect.stringContaining("'port'") }
    for (const bind of ['0.0.0.0', '::', '192.0.2.1']) {
      await expect(begin({ bind })).rejects.toMatchObject(needsPort)
      await expect(begin({ bind, port: 0 })).rejects.toMatchObject(needsPort)
      await expect(begin({ bind, env: { AIO_IMS_LOCAL_LOGIN_PORT: '8085' } })).rejects.toMatchObject(needsPort)
    }
  })

  test('must be an address, and one that is there', async () => {
    const port = await freePort()
    for (const bind of ['evil.test', '', '0.0.0.0:80', '*']) {
      const refused = begin({ bind, port })
      await expect(refused).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining("'bind'") })
    }
    // an address for documentation (RFC 5737), which no machine has
    const absent = begin({ bind: '203.0.113.1', port })
    await expect(absent).rejects.toMatchObject({ message: expect.stringContaining('no address 203.0.113.1') })
  })

  test.skipIf(!isLinux).each(['127.0.0.1', 'localhost', '::1'])('%s is this machine alone, as ever', async (bind) => {
    const { trip, port, lines } = await begin({ bind })
    expect(await listening(port)).toEqual(hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'])
    const gone = trip.navigate(authorizationUrl)
    await fetch(answer(trip))
    await gone
    expect(lines.join()).not.toContain('Warning')
  })
})

describe('how it ends without an answer', () => {
  test('times out', async () => {
    const { trip } = await begin({ timeout: 20 })
    const error = await trip.navigate(authorizationUrl).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      name: 'UnavailableError',
      code: 'TIMEOUT',
      message: expect.stringContaining('0.02 s'),
    })
    expect(inspect(error)).not.toContain(state)
  })

  test('the reason of an abort comes back untouched, whenever it comes', async () => {
    const reason = { mine: true }
    await expect(begin({}, AbortSignal.abort(reason))).rejects.toBe(reason)
    const early = new AbortController()
    const first = await begin({}, early.signal)
    early.abort(reason)
    await expect(first.trip.navigate(authorizationUrl)).rejects.toBe(reason)
    const late = new AbortController()
    const second = await begin({}, late.signal)
    const gone = second.trip.navigate(authorizationUrl)
    late.abort(reason)
    await expect(gone).rejects.toBe(reason)
  })

  test('an end while waiting rejects', async () => {
    const { trip } = await begin()
    const gone = trip.navigate(authorizationUrl)
    await trip.close()
    await expect(gone).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  test.each([{ CI: 'true' }, { GITHUB_ACTIONS: 'true' }, { BUILD_NUMBER: '12' }, { CONTINUOUS_INTEGRATION: '1' }])(
    'in CI (%o) at once, before anything is shown or bound',
    async (env) => {
      const port = await freePort()
      const lines: string[] = []
      const refused = begin({ env, port, output: (line) => lines.push(line) })
      const error = await refused.catch((reason: unknown) => reason)
      expect(error).toMatchObject({ name: 'LoginRequiredError', code: 'LOGIN_NOT_POSSIBLE' })
      expect(error).toMatchObject({ message: expect.stringContaining(Object.keys(env)[0] ?? '') })
      expect(lines).toEqual([])
      expect(await listening(port)).toEqual([])
    },
  )

  test('whether a person is there can be said', async () => {
    await expect(begin({ isInteractive: false })).rejects.toMatchObject({ code: 'LOGIN_NOT_POSSIBLE' })
    await begin({ isInteractive: true, env: { CI: '1' } })
    await begin({ env: { CI: 'false', BUILD_NUMBER: '1' } })
  })
})

describe('pasting the address back', () => {
  test('takes the right address, refuses any other and keeps waiting (S73)', async () => {
    const input = new PassThrough()
    const messages: ((line: string) => void)[] = []
    const lines: string[] = []
    const output = (line: string) => {
      lines.push(line)
      messages.shift()?.(line)
    }
    const { trip } = await begin({ input, output })
    const next = () => new Promise<string>((resolve) => messages.push(resolve))
    const shown = [next(), next()]
    const gone = trip.navigate(authorizationUrl)
    expect((await Promise.all(shown)).join()).toContain('paste')
    const wrong = [
      answer(trip, { state: 'stolen' }),
      answer(trip).replace('/callback', '/elsewhere'),
      answer(trip).replace('127.0.0.1', 'evil.test'),
      `${answer(trip)}&code=two`,
      'hello there',
      `code=the-code&state=${state}`,
    ]
    for (const line of wrong) {
      const said = next()
      input.write(`${line}\n`)
      expect(await said).toContain('not the address')
    }
    input.write(`\n   ${answer(trip)}  \r\n`)
    expect((await gone).href).toBe(answer(trip))
    expect(lines.join('\n')).not.toMatch(/the-code|stolen/)
    expect(input.listenerCount('data')).toBe(0)
    expect(input.isPaused()).toBe(true)
  })

  test('an input that ends or breaks leaves the browser its chance', async () => {
    for (const spoil of [
      (input: PassThrough) => input.end(),
      (input: PassThrough) => input.destroy(new Error('EIO')),
    ]) {
      const input = new PassThrough()
      const { trip } = await begin({ input })
      const gone = trip.navigate(authorizationUrl)
      spoil(input)
      await fetch(answer(trip))
      expect((await gone).searchParams.get('code')).toBe('the-code')
    }
  })
})

/** The local addresses that hold `port` open, from the kernel's own table. */
async function listening(port: number): Promise<string[]> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const names: Record<string, string> = { '0100007F': '127.0.0.1', '00000000000000000000000001000000': '::1' }
  const found: string[] = []
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const row of (await readFile(table, 'utf8').catch(() => '')).split('\n')) {
      const [, local = '', , status] = row.trim().split(/\s+/)
      const [address = ''] = local.split(':')
      if (status === '0A' && local.endsWith(suffix)) found.push(names[address] ?? address)
    }
  }
  return found
}

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flat()
  return all.filter((one) => one && !one.internal && one.family === 'IPv4').map((one) => one?.address ?? '')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
