import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { inspect } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { authorizationUrl, callbackUrl, type RawRequest, sendRaw, startTrip, state } from './kit/loopback.ts'

describe('loopbackRedirect', () => {
  test('resolves to the callback URL and shows a page that the user can close (S70)', async () => {
    const { trip } = await startTrip()
    const arrived = trip.navigate(authorizationUrl)
    const response = await fetch(callbackUrl(trip, { extra: '1' }))
    const page = await response.text()
    const callback = await arrived
    expect(callback.href).toBe(callbackUrl(trip, { extra: '1' }))
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

  test('the browser gets the whole page even if the trip is closed at once', async () => {
    const { trip } = await startTrip()
    const ended = trip.navigate(authorizationUrl).then(() => trip.close())
    const page = await (await fetch(callbackUrl(trip))).text()
    await ended
    expect(page).toContain('</html>')
    await expect(fetch(callbackUrl(trip))).rejects.toThrow()
  })

  test('an error of the authorization server resolves as well, and the page escapes it', async () => {
    const { trip } = await startTrip()
    const arrived = trip.navigate(authorizationUrl)
    const query = { error: 'access_denied', error_description: '<img src=x onerror=alert(1)>', state }
    const page = await (await fetch(`${trip.redirectUri}?${new URLSearchParams(query)}`)).text()
    expect((await arrived).searchParams.get('error')).toBe('access_denied')
    expect(page).toContain('access_denied: &lt;img src=x onerror=alert(1)&gt;')
    expect(page).not.toContain('<img')
  })

  test('the login continues after an error without a state, and names it if it times out', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { trip } = await startTrip({ timeout: 1_500 })
    const arrived = trip.navigate(authorizationUrl)
    arrived.catch(() => {})
    const said = 'error=invalid_scope&error_description=not%20yours%E2%80%AE&jump=https://evil.example/'
    const other = await fetch(`${trip.redirectUri}?error=ignored&state=another`)
    expect([other.status, await other.text()]).toEqual([400, expect.not.stringContaining('ignored')])
    const response = await fetch(`${trip.redirectUri}?${said}`)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('It contains the error invalid_scope: not yours.')
    vi.advanceTimersByTime(1_500)
    const error = await arrived.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('invalid_scope: not yours.') })
    // not the address in `jump`: anyone could have sent that request
    expect(error).toHaveProperty('details', { imsError: 'invalid_scope', imsErrorDescription: 'not yours' })
  })

  test('after an error without a state, and one pasted with a fragment, the login completes', async () => {
    const input = new PassThrough()
    const { trip, lines } = await startTrip({ input })
    const arrived = trip.navigate(authorizationUrl)
    expect((await fetch(`${trip.redirectUri}?error=invalid_scope`)).status).toBe(400)
    await expect.poll(() => lines.join('\n')).toContain('paste the address')
    input.write(`${trip.redirectUri}#error=unauthorized_client&state=${state}\n`)
    await expect.poll(() => lines.join('\n')).toContain('It contains the error unauthorized_client.')
    await fetch(callbackUrl(trip))
    expect((await arrived).searchParams.get('code')).toBe('the-code')
  })

  test('requests that do not match neither stop nor complete the login (S68)', async () => {
    const { trip, port } = await startTrip()
    const slow = connect(port, '127.0.0.1')
    await once(slow, 'connect')
    slow.write('GET /callback?code=a HTTP/1.1\r\nHost: 127')
    const idle = connect(port, '127.0.0.1')
    await once(idle, 'connect')
    const settled: unknown[] = []
    const arrived = trip.navigate(authorizationUrl)
    arrived.then(
      () => settled.push('done'),
      (error) => settled.push(error),
    )
    const valid = `/callback?code=c&state=${state}`
    const cases: [RawRequest, number][] = [
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
      [{ path: valid, method: 'HEAD' }, 405],
      [{ path: valid, method: 'PUT', body: 'x' }, 405],
      [{ path: '/callback', method: 'POST', body: `code=c&state=${state}` }, 405],
      [{ path: valid, method: 'OPTIONS' }, 405],
      [{ path: valid, host: 'evil.test' }, 400],
      [{ path: valid, host: `evil.test:${port}` }, 400],
      [{ path: valid, host: `127.0.0.1:${port === 1 ? 2 : 1}` }, 400],
      [{ path: valid, host: `127.0.0.1:${port}\r\nHost: evil.test` }, 400],
      [{ path: `http://127.0.0.1:${port}${valid}` }, 400],
      [{ path: `/callback?state=${state}&code=${'c'.repeat(20_000)}` }, 431],
      [{ path: '/ \r\nbroken' }, 400],
    ]
    for (const [request, status] of cases) {
      const response = await sendRaw(port, request)
      expect(response.split('\r\n')[0], JSON.stringify(request).slice(0, 100)).toMatch(
        new RegExp(`^HTTP/1.1 ${status} `),
      )
      expect(response.toLowerCase()).toContain('cache-control: no-store')
      expect(response).not.toContain(state)
    }
    expect(settled).toEqual([])
    await fetch(callbackUrl(trip))
    expect((await arrived).searchParams.get('code')).toBe('the-code')
    const closed = Promise.all([once(slow, 'close'), once(idle, 'close')])
    slow.on('error', () => {})
    idle.on('error', () => {})
    await trip.close()
    await closed
  })

  test('a callback before navigate is refused', async () => {
    const { trip } = await startTrip()
    expect((await fetch(callbackUrl(trip))).status).toBe(404)
    const arrived = trip.navigate(authorizationUrl)
    await fetch(callbackUrl(trip, { code: 'later' }))
    expect((await arrived).searchParams.get('code')).toBe('later')
  })

  test('prints the URL, and not the callback', async () => {
    const opened: string[] = []
    const { trip, lines } = await startTrip({ open: (url) => void opened.push(url) })
    const arrived = trip.navigate(authorizationUrl)
    await fetch(callbackUrl(trip))
    await arrived
    expect(opened).toEqual([authorizationUrl.href])
    expect(lines.join('\n')).toContain(authorizationUrl.href)
    expect(lines.join('\n')).not.toContain('the-code')
  })

  test.skipIf(process.platform === 'win32')(
    'opens the browser with a link that works once and does not contain the state',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'imskit-link-'))
      onTestFinished(() => rm(directory, { recursive: true, force: true }))
      const [browser, log] = [join(directory, 'browser'), join(directory, 'log')]
      await writeFile(browser, `#!/bin/sh\necho "$@" > '${log}.new'\nmv '${log}.new' '${log}'\n`, { mode: 0o755 })
      const { trip } = await startTrip({ open: true, browser, env: { PATH: process.env.PATH } })
      const arrived = trip.navigate(authorizationUrl)
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
      await fetch(callbackUrl(trip))
      await arrived
    },
  )

  test('the login continues if no browser opens', async () => {
    const { trip, lines } = await startTrip({ open: () => Promise.reject(new Error('no display')) })
    const arrived = trip.navigate(authorizationUrl)
    await fetch(callbackUrl(trip))
    await arrived
    expect(lines.join('\n')).toContain('No browser could be opened')
  })

  test('the login continues if output throws', async () => {
    const output = () => {
      throw new Error('EPIPE')
    }
    const { trip } = await startTrip({ output, input: new PassThrough() })
    const arrived = trip.navigate(authorizationUrl)
    await fetch(callbackUrl(trip))
    expect((await arrived).searchParams.get('code')).toBe('the-code')
  })

  test.each(['javascript:alert(1)', 'file:///etc/passwd', 'http://ims.example/', 'calc:x'])(
    'opens no browser on %s',
    async (address) => {
      const opened: string[] = []
      const { trip, lines } = await startTrip({ open: (url) => void opened.push(url) })
      const url = new URL(address)
      url.searchParams.set('state', state)
      await expect(trip.navigate(url)).rejects.toMatchObject({ name: 'ConfigurationError', code: 'BAD_OPTION' })
      expect([...opened, ...lines]).toEqual([])
    },
  )

  test('refuses an authorization URL without exactly one state, and a second use', async () => {
    const { trip } = await startTrip()
    await expect(trip.navigate(new URL('https://ims.example/'))).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await expect(trip.navigate(new URL('https://ims.example/?state=a&state=b'))).rejects.toMatchObject({
      code: 'BAD_OPTION',
    })
    const arrived = trip.navigate(authorizationUrl)
    await expect(trip.navigate(authorizationUrl)).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await fetch(callbackUrl(trip))
    await arrived
  })
})

describe('a login without a callback', () => {
  test('times out', async () => {
    const { trip } = await startTrip({ timeout: 20 })
    const error = await trip.navigate(authorizationUrl).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      name: 'UnavailableError',
      code: 'TIMEOUT',
      message: expect.stringContaining('0.02 s'),
    })
    expect(inspect(error)).not.toContain(state)
  })

  test('rejects with the unchanged reason of an abort', async () => {
    const reason = { mine: true }
    await expect(startTrip({}, AbortSignal.abort(reason))).rejects.toBe(reason)
    const early = new AbortController()
    const first = await startTrip({}, early.signal)
    early.abort(reason)
    await expect(first.trip.navigate(authorizationUrl)).rejects.toBe(reason)
    const late = new AbortController()
    const second = await startTrip({}, late.signal)
    const arrived = second.trip.navigate(authorizationUrl)
    late.abort(reason)
    await expect(arrived).rejects.toBe(reason)
  })

  test('rejects if the trip is closed while it waits', async () => {
    const { trip } = await startTrip()
    const arrived = trip.navigate(authorizationUrl)
    await trip.close()
    await expect(arrived).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' })
  })
})

describe('pasting the address', () => {
  test('accepts the right address, refuses any other and keeps waiting (S73)', async () => {
    const input = new PassThrough()
    const messages: ((line: string) => void)[] = []
    const lines: string[] = []
    const output = (line: string) => {
      lines.push(line)
      messages.shift()?.(line)
    }
    const { trip } = await startTrip({ input, output })
    const next = () => new Promise<string>((resolve) => messages.push(resolve))
    const shown = [next(), next()]
    const arrived = trip.navigate(authorizationUrl)
    expect((await Promise.all(shown)).join()).toContain('paste')
    const wrong = [
      callbackUrl(trip, { state: 'stolen' }),
      callbackUrl(trip).replace('/callback', '/elsewhere'),
      callbackUrl(trip).replace('127.0.0.1', 'evil.test'),
      `${callbackUrl(trip)}&code=two`,
      'hello there',
      `code=the-code&state=${state}`,
    ]
    for (const line of wrong) {
      const said = next()
      input.write(`${line}\n`)
      expect(await said).toContain('not the address')
    }
    input.write(`\n   ${callbackUrl(trip)}  \r\n`)
    expect((await arrived).href).toBe(callbackUrl(trip))
    expect(lines.join('\n')).not.toMatch(/the-code|stolen/)
    expect(input.listenerCount('data')).toBe(0)
    expect(input.isPaused()).toBe(true)
  })

  test('the browser can still answer if the input ends or fails', async () => {
    for (const spoil of [
      (input: PassThrough) => input.end(),
      (input: PassThrough) => input.destroy(new Error('EIO')),
    ]) {
      const input = new PassThrough()
      const { trip } = await startTrip({ input })
      const arrived = trip.navigate(authorizationUrl)
      spoil(input)
      await fetch(callbackUrl(trip))
      expect((await arrived).searchParams.get('code')).toBe('the-code')
    }
  })
})
