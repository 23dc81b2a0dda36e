import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { newHold } from '../../src/adapters/node/files/lock-holder.ts'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { build } from '../kit/build.ts'
import { newShell, type Shell, setContext } from './command.ts'

let emulator: RunningEmulator

beforeAll(async () => {
  await build()
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

interface Report {
  readonly findings: readonly { class: string; level: string; what: string; fix: string }[]
  readonly exitCode: number
}

const context = (data: object) => JSON.stringify({ ims: { contexts: { x: data } } })
const write = (path: string, text: string) => writeFileSync(path, text, { mode: 0o600 })

async function doctor(shell: Shell, ...args: string[]): Promise<Report & { codes: number }> {
  const { code, stdout, stderr } = await shell.run(['doctor', '--json', ...args])
  expect(stderr).toBe('')
  const report: Report = JSON.parse(stdout)
  expect(report.exitCode).toBe(code)
  for (const { fix, what } of report.findings) expect([what, fix].every((words) => words.length > 5)).toBe(true)
  return { ...report, codes: code ?? -1 }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

const serve = async (listener: RequestListener) => `http://127.0.0.1:${await listening(createServer(listener))}`

test('a machine that is in order', async () => {
  const shell = newShell(emulator.url)
  await setContext(shell, emulator, 'oauth_server_to_server', 'machine')
  await shell.run(['token', 'machine'])
  expect(await doctor(shell)).toMatchObject({ findings: [], codes: 0 })
  expect(await shell.run(['doctor'])).toMatchObject({ code: 0, stdout: expect.stringContaining('No problems found') })
})

describe('the network', () => {
  test.each([
    ['ahead of', -86_400_000],
    ['behind', 86_400_000],
  ])('a clock that is a day %s the server’s', async (words, off) => {
    const url: string = await serve((_, response) => {
      response.setHeader('date', new Date(Date.now() + off).toUTCString())
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ issuer: url }))
    })
    expect(await doctor(newShell(url))).toMatchObject({
      codes: 13,
      findings: [{ class: 'clock', level: 'problem', what: expect.stringContaining(`24 hours ${words}`) }],
    })
  })

  test('a page instead of IMS', async () => {
    const url = await serve((_, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end('<h1>Sign in to the Wi-Fi</h1>')
    })
    const { codes, findings } = await doctor(newShell(url))
    expect(findings).toMatchObject([{ class: 'network', what: expect.stringContaining('text/html') }])
    expect(codes).toBe(11)
  })

  test('an issuer of another name', async () => {
    const url = await serve((_, response) => response.end(JSON.stringify({ issuer: 'https://ims.internal' })))
    const { codes, findings } = await doctor(newShell(url))
    expect(findings).toMatchObject([{ class: 'network', what: expect.stringContaining('https://ims.internal') }])
    expect(codes).toBe(11)
  })

  test('a port without a server, unless the network is left out', async () => {
    const server = createServer()
    const port = await listening(server)
    await new Promise((done) => server.close(done))
    const shell = newShell(`http://127.0.0.1:${port}`)
    expect(await doctor(shell)).toMatchObject({
      codes: 11,
      findings: [{ what: expect.stringContaining('ECONNREFUSED') }],
    })
    expect(await doctor(shell, '--offline')).toMatchObject({ codes: 0, findings: [] })
  })

  test('a port that fetch refuses', async () => {
    const { codes, findings } = await doctor(newShell('http://127.0.0.1:9'))
    expect({ codes, findings }).toMatchObject({
      codes: 11,
      findings: [{ what: expect.stringContaining('fetch blocks') }],
    })
  })

  test('a name that does not exist', async () => {
    const { codes, findings } = await doctor(newShell('https://ims.invalid'))
    expect(findings).toMatchObject([
      { class: 'network', what: expect.stringContaining('ims.invalid cannot be resolved') },
    ])
    expect(codes).toBe(11)
  })

  test('a certificate that no authority signed, until it is named', async () => {
    const shell = newShell()
    const [key, cert] = [join(shell.place.home, 'key.pem'), join(shell.place.home, 'cert.pem')]
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1']
    execFileSync('openssl', [...args, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    })
    const tls = { key: readFileSync(key), cert: readFileSync(cert) }
    let url = ''
    const server = createTlsServer(tls, (_, response) => void response.end(JSON.stringify({ issuer: url })))
    url = `https://127.0.0.1:${await listening(server)}`
    const { codes, findings } = await doctor(shell, '--endpoint', url)
    expect(codes).toBe(12)
    expect(findings).toMatchObject([
      {
        class: 'tls',
        what: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT'),
        fix: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      },
    ])
    expect(await doctor(newShell(url, { NODE_EXTRA_CA_CERTS: cert }))).toMatchObject({ codes: 0, findings: [] })
    expect(await doctor(newShell(url.replace('https', 'http').replace('127.0.0.1', 'localhost')))).toMatchObject({
      codes: 11,
    })
  })

  test('variables that break TLS', async () => {
    const shell = newShell(emulator.url, { NODE_EXTRA_CA_CERTS: '/absent.pem' })
    const { code, stdout } = await shell.run(['doctor', '--json'])
    expect(code).toBe(12)
    expect(JSON.parse(stdout).findings).toMatchObject([{ what: expect.stringContaining('/absent.pem') }])
    const unsafe = newShell(emulator.url, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })
    expect((await unsafe.run(['doctor'])).code).toBe(12)
  })
})

describe('files', () => {
  test('that others can read', async () => {
    const shell = newShell(emulator.url)
    await shell.run(['context', 'set', 'x', 'client_id=one', 'scope=openid'])
    chmodSync(shell.place.globalFile, 0o644)
    const tokens = join(shell.place.home, '.state', 'imskit', 'tokens')
    mkdirSync(tokens, { recursive: true })
    chmodSync(join(tokens, '..'), 0o700)
    chmodSync(tokens, 0o755)
    const { codes, findings } = await doctor(shell)
    expect(codes).toBe(14)
    expect(findings.map(({ fix }) => fix)).toEqual([`chmod 600 '${shell.place.globalFile}'`, `chmod 700 '${tokens}'`])
    for (const { fix } of findings) execFileSync('sh', ['-c', fix])
    expect(await doctor(shell)).toMatchObject({ codes: 0, findings: [] })
  })

  test('locks of processes that have ended', async () => {
    const shell = newShell(emulator.url)
    const child = spawn(process.execPath, ['-e', ''])
    const { pid = 0 } = child
    await once(child, 'exit')
    const machine = newHold('').text.split(':')[3] ?? hostname()
    symlinkSync(`${pid}:1:token:${machine}`, `${shell.place.globalFile}.lock`)
    const { codes, findings } = await doctor(shell)
    expect({ codes, findings }).toMatchObject({
      codes: 0,
      findings: [{ class: 'files', what: expect.stringContaining(`process ${pid}`) }],
    })
    expect((await doctor(shell, '--strict')).codes).toBe(14)
  })
})

describe('the configuration', () => {
  test('that cannot be read', async () => {
    const shell = newShell(emulator.url)
    write(shell.place.globalFile, '{\n"a": 1,\n"b" 2 }')
    expect(await doctor(shell)).toMatchObject({
      codes: 15,
      findings: [{ class: 'configuration', what: expect.stringContaining(`${shell.place.globalFile} (line 3)`) }],
    })
  })

  test('that hides itself', async () => {
    const shell = newShell(emulator.url, { AIO_IMS_CONTEXTS_X_SCOPE: 'AdobeID' })
    write(shell.place.globalFile, context({ client_id: 'one', scope: 'openid' }))
    write(shell.place.localFile, context({ client_id: 'two' }))
    const { codes, findings } = await doctor(shell)
    expect(codes).toBe(0)
    expect(findings).toMatchObject([
      { what: expect.stringMatching(/^ims\.contexts\.x\.client_id of .* is hidden by .*\.aio/) },
      { what: expect.stringMatching(/scope of .* is hidden by the variable AIO_IMS_CONTEXTS_X_SCOPE/) },
    ])
  })

  test('that names a key in two spellings', async () => {
    const shell = newShell(emulator.url)
    write(shell.place.globalFile, context({ client_id: 'one', Client_Id: 'two', scope: 'openid' }))
    const { codes, findings } = await doctor(shell)
    expect(codes).toBe(15)
    expect(findings).toMatchObject([{ what: expect.stringContaining('ims.contexts.x.Client_Id is never read') }])
  })

  test('that names no endpoint', async () => {
    expect(await doctor(newShell('http://example.com'))).toMatchObject({
      codes: 15,
      findings: [{ class: 'configuration' }],
    })
  })
})

describe('contexts', () => {
  test.each([
    ['of no kind', { client_id: 'one' }, /oauth_public: missing scope/],
    ['of a whole file', { CLIENT_ID: 'one', CLIENT_SECRETS: ['two'] }, /contains a credential file of the Adobe/],
    ['of an unknown kind', { type: 'strange', client_id: 'one' }, /type "strange" is not known/],
    ['of an unknown environment', { client_id: 'one', scope: 'openid', env: 'moon' }, /env "moon" is not known/],
    [
      'that come back to a pattern',
      { client_id: 'one', scope: 'openid', redirect_uri: 'https://a\\.example/.*' },
      /is not a URL/,
    ],
  ])('%s', async (_, data, words) => {
    const shell = newShell(emulator.url)
    write(shell.place.globalFile, context(data))
    const { codes, findings } = await doctor(shell)
    expect(findings).toMatchObject([{ class: 'contexts', level: 'problem', what: expect.stringMatching(words) }])
    expect(codes).toBe(16)
  })

  test('whose patterns have dots that fit anything', async () => {
    const shell = newShell(emulator.url)
    const found = await doctor(
      shell,
      '--redirect-pattern',
      'https://app.example/.*',
      '--redirect-pattern',
      'https://app\\.example/.*',
    )
    expect(found).toMatchObject({ codes: 0, findings: [{ level: 'warning', fix: 'use https://app\\.example/.*' }] })
  })

  test('that are current and do not exist', async () => {
    const shell = newShell(emulator.url)
    await shell.run(['context', 'set', 'x', 'client_id=one', 'scope=openid'])
    await shell.run(['context', 'use', 'x'])
    await shell.run(['context', 'delete', 'x'])
    expect(await doctor(shell)).toMatchObject({
      codes: 16,
      findings: [{ what: expect.stringContaining("'x' does not exist") }],
    })
  })
})

describe('tokens', () => {
  const minute = 60_000
  const stored = (expiry: number) => ({ token: 'opaque', expiry: Date.now() + expiry })
  test.each([
    ['ended for good', { access_token: stored(-minute) }, 17, /expired \d+ minutes? ago, and it cannot be renewed/],
    ['about to end', { access_token: stored(5 * minute) }, 0, /expires in \d minutes/],
    [
      'ended and renewable',
      { access_token: stored(-minute), refresh_token: stored(1e10) },
      0,
      /expired \d+ minutes? ago$/,
    ],
    [
      'soon to be renewable no more',
      { access_token: stored(1e8), refresh_token: stored(1000) },
      0,
      /refresh token .* within a day/,
    ],
  ])('%s', async (_, tokens, code, words) => {
    const shell = newShell(emulator.url)
    const data = { client_id: 'one', scope: 'openid', ...tokens }
    await shell.run(['context', 'set', 'x', '--from', '-'], { input: JSON.stringify(data) })
    const { codes, findings } = await doctor(shell)
    expect(findings).toMatchObject([{ class: 'tokens', what: expect.stringMatching(words) }])
    expect(codes).toBe(code)
  })
})

describe('where a value comes from', () => {
  const secretContext = { ims: { contexts: { web: { client_id: 'w', client_secret: 'S3CRET', scope: 'openid' } } } }

  test('is listed for each value, without the values', async () => {
    const shell = newShell(undefined, { AIO_IMS_CONTEXTS_WEB_SCOPE: 'openid' })
    const { cwd, globalFile } = shell.place
    writeFileSync(globalFile, JSON.stringify(secretContext), { mode: 0o600 })
    writeFileSync(join(cwd, '.aio'), '{"cli":{"env":"stage"}}', { mode: 0o600 })
    writeFileSync(join(cwd, '.env'), 'AIO_IMS_CONFIG_CURRENT=web\n', { mode: 0o600 })
    const { stdout } = await shell.run(['doctor', '--offline', '--json'])
    const { sources } = JSON.parse(stdout) as { sources: { key: string; from: string }[] }
    expect(Object.fromEntries(sources.map(({ key, from }) => [key, from]))).toEqual({
      'ims.contexts.web.client_id': globalFile,
      'ims.contexts.web.client_secret': globalFile,
      'ims.contexts.web.scope': 'variable AIO_IMS_CONTEXTS_WEB_SCOPE',
      'ims.config.current': join(cwd, '.env'),
      'cli.env': join(cwd, '.aio'),
    })
    expect(stdout).not.toContain('S3CRET')
    expect((await shell.run(['doctor', '--offline'])).stdout).toMatch(/ims\.config\.current +\S+\.env/)
  })

  test('is a problem if secrets would go to a server that the directory names', async () => {
    const shell = newShell()
    const file = join(shell.place.cwd, '.aio')
    writeFileSync(shell.place.globalFile, JSON.stringify(secretContext), { mode: 0o600 })
    writeFileSync(file, JSON.stringify({ ims: { config: { endpoint: emulator.url } } }), { mode: 0o600 })
    const { codes, findings } = await doctor(shell, '--offline')
    expect(codes).toBe(15)
    expect(findings).toMatchObject([{ class: 'configuration', level: 'problem', what: expect.stringContaining(file) }])
    expect(findings[0]?.fix).toContain('AIO_IMS_CONFIG_ENDPOINT')
    const { code, stderr } = await shell.run(['token', 'web'])
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('UNTRUSTED_SOURCE') })
    const piped = await shell.run(['profile', '-'], { input: 'a-token-of-the-user' })
    expect(piped.stderr).toContain('UNTRUSTED_SOURCE')
    expect(emulator.requests.filter(({ path }) => path.startsWith('/ims/profile'))).toEqual([])
  })
})
