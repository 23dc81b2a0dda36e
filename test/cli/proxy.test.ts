import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { followProxies, proxyUse, proxyVariable } from '../../src/adapters/node/cli/proxy.ts'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { build, dist, root } from '../kit/build.ts'
import { folderOfFile, newFolder } from '../kit/folder.ts'
import { newPlace } from '../kit/place.ts'

// IMS under a name that exists only behind the proxy
const name = 'ims.behind-the-proxy.example'
const folder = folderOfFile()
const certificate = join(folder, 'cert.pem')

let emulator: RunningEmulator
let proxyUrl: string
const servers: Server[] = []
const asked: { target: string; authorization: string | undefined }[] = []

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

beforeAll(async () => {
  await build()
  emulator = await startEmulator()
  const key = join(folder, 'key.pem')
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`]
  execFileSync('openssl', [...args, '-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  })
  const { hostname, port, host } = new URL(emulator.url)
  const tls = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (incoming, outgoing) => {
    const { method, url: path, headers } = incoming
    const passed = request({ hostname, port, method, path, headers: { ...headers, host } }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(passed)
  })
  const tlsPort = await listen(tls)
  const proxy = createServer((_, response) => response.writeHead(405).end())
  proxy.on('connect', ({ url = '', headers }, client, head) => {
    asked.push({ target: url, authorization: headers['proxy-authorization'] })
    const target = connect(tlsPort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      target.write(head)
      target.pipe(client)
      client.pipe(target)
    })
    for (const socket of [target, client]) socket.on('error', () => {})
  })
  proxyUrl = `http://user:pass@127.0.0.1:${await listen(proxy)}`
})
afterAll(async () => {
  for (const server of servers) server.close()
  await emulator.close()
})

/** The built command where `undici` of that version is next to it, or none. */
function installed(undici: 'undici' | 'undici6' | undefined): string {
  const modules = join(newFolder(), 'node_modules')
  mkdirSync(join(modules, 'imskit'), { recursive: true })
  cpSync(join(dist, 'node'), join(modules, 'imskit', 'node'), { recursive: true })
  if (undici !== undefined) symlinkSync(join(root, 'node_modules', undici), join(modules, 'undici'))
  return join(modules, 'imskit', 'node', 'cli.cjs')
}

async function run(cli: string, args: readonly string[], env: Record<string, string>, input = '') {
  const place = newPlace({
    AIO_IMS_CONFIG_ENDPOINT: `https://${name}`,
    NODE_EXTRA_CA_CERTS: certificate,
    ...env,
  })
  const { endpoint: _, ...data } = emulator.contexts.oauth_server_to_server
  const start = (words: readonly string[], text: string) =>
    new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
      const child = spawn(process.execPath, [cli, ...words], { cwd: place.cwd, env: place.env })
      const printed = { stdout: '', stderr: '' }
      for (const stream of ['stdout', 'stderr'] as const)
        child[stream].setEncoding('utf8').on('data', (chunk: string) => {
          printed[stream] += chunk
        })
      child.on('close', (code) => resolve({ code, ...printed }))
      child.stdin.end(text)
    })
  await start(['context', 'set', 'machine', '--from', '-'], JSON.stringify(data))
  asked.length = 0
  return start(args, input)
}

describe.each(['undici', 'undici6'] as const)('with %s next to the command', (undici) => {
  test('a token comes through the proxy', async () => {
    const { code, stdout, stderr } = await run(installed(undici), ['token', 'machine'], { HTTPS_PROXY: proxyUrl })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(asked).toEqual([{ target: `${name}:443`, authorization: `Basic ${btoa('user:pass')}` }])
  })

  test('doctor goes through it as well', async () => {
    const address = proxyUrl.replace('http://', '')
    const { stdout } = await run(installed(undici), ['doctor', '--json'], { https_proxy: address })
    // IMS answered, and its issuer is not the address in front of it
    expect(JSON.parse(stdout).findings).toMatchObject([
      { class: 'network', what: expect.stringContaining('as its issuer') },
    ])
    expect(asked).toHaveLength(1)
  })

  test('NO_PROXY excludes a host', async () => {
    const env = { HTTPS_PROXY: proxyUrl, NO_PROXY: 'other.example, .behind-the-proxy.example' }
    expect(await run(installed(undici), ['token', 'machine'], env)).toMatchObject({ code: 1, stdout: '' })
    expect(asked).toEqual([])
  })
})

test('without undici, the command and doctor say that the proxy is not used', async () => {
  const cli = installed(undefined)
  const supported = Number.parseInt(process.versions.node, 10) >= 24
  const fix = supported ? /set NODE_USE_ENV_PROXY=1, or install undici/ : /install undici 6\.14 or later next to imskit/
  const { code, stderr } = await run(cli, ['token', 'machine'], { HTTPS_PROXY: proxyUrl })
  expect(code).toBe(1)
  expect(stderr).toMatch(/^Warning: HTTPS_PROXY is set, but Node.js's fetch does not use it\./)
  expect(stderr.match(/Warning/g)).toHaveLength(1)
  expect(stderr).toMatch(fix)
  expect(stderr).not.toContain('pass@')
  const { stdout } = await run(cli, ['doctor', '--json'], { HTTPS_PROXY: proxyUrl })
  expect(JSON.parse(stdout).findings).toContainEqual({
    class: 'tls',
    level: 'warning',
    what: "HTTPS_PROXY is set, but Node.js's fetch does not use it",
    fix: expect.stringMatching(fix),
  })
  expect(asked).toEqual([])
})

test('the working directory does not choose undici', async () => {
  const cli = installed(undefined)
  const place = newPlace({ AIO_IMS_CONFIG_ENDPOINT: `https://${name}`, HTTPS_PROXY: proxyUrl })
  mkdirSync(join(place.cwd, 'node_modules'))
  symlinkSync(join(root, 'node_modules', 'undici'), join(place.cwd, 'node_modules', 'undici'))
  const { stdout } = spawnSync(process.execPath, [cli, 'doctor', '--json'], { ...place, encoding: 'utf8' })
  expect(JSON.parse(stdout).findings).toContainEqual(
    expect.objectContaining({ what: expect.stringContaining('does not use it') }),
  )
})

const url = (address: string) => new URL(address)

test.each([
  [{ HTTPS_PROXY: 'x' }, 'https://a.example', 'HTTPS_PROXY'],
  [{ HTTPS_PROXY: 'x', https_proxy: 'y' }, 'https://a.example', 'https_proxy'],
  [{ HTTP_PROXY: 'x' }, 'https://a.example', undefined],
  [{ HTTP_PROXY: 'x' }, 'http://a.example', 'HTTP_PROXY'],
  [{ HTTPS_PROXY: 'x' }, 'https://127.0.0.1:8443', undefined],
  [{ HTTPS_PROXY: 'x' }, 'https://localhost', undefined],
  [{ HTTPS_PROXY: '' }, 'https://a.example', undefined],
  [{ HTTPS_PROXY: 'x', NO_PROXY: '*' }, 'https://a.example', undefined],
  [{ HTTPS_PROXY: 'x', NO_PROXY: 'a.example' }, 'https://a.example', undefined],
  [{ HTTPS_PROXY: 'x', NO_PROXY: 'a.example' }, 'https://sub.a.example', undefined],
  [{ HTTPS_PROXY: 'x', NO_PROXY: '*.a.example,b.example' }, 'https://sub.a.example', undefined],
  [{ HTTPS_PROXY: 'x', NO_PROXY: 'a.example' }, 'https://nota.example', 'HTTPS_PROXY'],
  [{ HTTPS_PROXY: 'x', NO_PROXY: 'a.example:8443' }, 'https://a.example', 'HTTPS_PROXY'],
  [{ HTTPS_PROXY: 'x', NO_PROXY: 'a.example:443' }, 'https://a.example', undefined],
  [{ HTTPS_PROXY: 'x', NO_PROXY: 'a.example', no_proxy: '' }, 'https://a.example', 'HTTPS_PROXY'],
])('%j for %s: %s', (env, address, variable) => {
  expect(proxyVariable(env, url(address))).toBe(variable)
})

const undici = { version: '7.0.0', EnvHttpProxyAgent: class {} }

test.each([
  ['v20.19.0', {}, undici, { by: 'undici 7.0.0' }],
  ['v24.0.0', { NODE_USE_ENV_PROXY: '1' }, undefined, { by: 'Node.js v24.0.0' }],
  ['v22.21.0', { NODE_USE_ENV_PROXY: '1' }, undefined, { by: 'Node.js v22.21.0' }],
  ['v22.20.0', { NODE_USE_ENV_PROXY: '1' }, undefined, { problem: expect.stringContaining('does not use it') }],
  ['v24.0.0', {}, undefined, { fix: expect.stringMatching(/^set NODE_USE_ENV_PROXY=1, or install undici/) }],
  ['v20.19.0', {}, { version: '5.0.0' }, { problem: 'HTTPS_PROXY is set, but undici 5.0.0 does not use it' }],
  ['v20.19.0', { HTTPS_PROXY: '//' }, undici, { problem: 'HTTPS_PROXY is not a URL' }],
  ['v20.19.0', { HTTPS_PROXY: 'socks5://proxy.example' }, undici, { problem: 'HTTPS_PROXY is not an http proxy' }],
])('Node.js %s with %j', (nodeVersion, more, found, expected) => {
  const env = { HTTPS_PROXY: 'proxy.example:3128', ...more }
  expect(proxyUse(url('https://a.example'), { env, nodeVersion, find: () => found })).toMatchObject(expected)
})

test('without a proxy, fetch stays as it is', () => {
  const before = globalThis.fetch
  followProxies({ env: {}, nodeVersion: 'v20.19.0' })
  expect(globalThis.fetch).toBe(before)
})
