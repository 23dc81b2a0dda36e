import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commands } from '../../src/adapters/node/cli/commands.ts'
import { printable, printableLines } from '../../src/adapters/node/printable.ts'
import { build } from '../kit/build.ts'
import { type Ended, newShell, type Shell } from './command.ts'

// texts of servers, callbacks, tokens and files that would command a terminal or reverse what it shows

const hostile = 'x\u001b]0;title\u0007\u001b[2J\u001b[31m\r\u009b31m\u202e\u2066\u2028\u0000\u{e0041}\nforged: line'
// a command line cannot hold a zero byte
const name = `evil${hostile}`.replaceAll('\0', '')
const claims = {
  type: 'access_token',
  client_id: `c${hostile}`,
  user_id: hostile,
  as: hostile,
  scope: hostile,
  org: hostile,
}
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = `${part({ alg: 'RS256', kid: hostile, typ: hostile })}.${part(claims)}.AAAA`
const hour = 3_600_000

let server: Server
let endpoint: string

beforeAll(async () => {
  await build()
  server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    const answers: Record<string, unknown> = {
      organizations: [{ orgName: hostile, orgRef: { ident: hostile, authSrc: hostile } }, hostile],
      validate: { valid: false, reason: hostile },
      keys: { keys: [{ kty: hostile, kid: hostile }] },
      profile: { name: hostile },
      userinfo: { [hostile]: hostile },
      token: { access_token: hostile, token_type: 'bearer', expires_in: 3600 },
    }
    const found = Object.keys(answers).find((path) => request.url?.includes(`/ims/${path}`))
    if (found === undefined) response.statusCode = 400
    response.end(JSON.stringify(answers[found ?? ''] ?? { error: hostile, error_description: hostile }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

/** A shell with a context whose name, data and stored token are hostile, and one whose server is. */
function newHostileShell(env: Record<string, string> = {}): Shell {
  const shell = newShell(endpoint, env)
  const machine = {
    client_id: 'c',
    client_secrets: ['secret'],
    technical_account_email: 'e',
    technical_account_id: 't',
    scopes: ['openid'],
    ims_org_id: 'o',
  }
  const stored = { ...machine, note: hostile, access_token: { token, expiry: Date.now() + hour } }
  const contexts = { [name]: stored, machine, user: { client_id: 'c', scope: 'openid' } }
  writeFileSync(shell.place.globalFile, JSON.stringify({ ims: { contexts, config: { current: name } } }))
  return shell
}

const ends =
  (...lines: readonly string[][]) =>
  (shell: Shell) =>
    Promise.all(lines.map((words) => shell.run(words.map((word) => word.replaceAll('\0', '')))))

/** What is run of each command of the table. */
const runs: Record<string, (shell: Shell) => Promise<Ended[]>> = {
  login: async (shell) => {
    const running = shell.start(['login', 'user', '--no-browser'])
    const [, address = ''] = await running.said(/(http:\S+)/)
    const { searchParams } = new URL(address)
    const callback = new URL(searchParams.get('redirect_uri') ?? '')
    callback.searchParams.set('state', searchParams.get('state') ?? '')
    callback.searchParams.set('error', hostile)
    callback.searchParams.set('error_description', hostile)
    await fetch(callback)
    return [await running.ended, ...(await ends(['login', 'machine'], ['login'], ['login', hostile])(shell))]
  },
  token: ends(['token', 'machine'], ['token', 'machine', '--json'], ['token', hostile], ['token']),
  headers: ends(['headers', 'machine'], ['headers', hostile], ['headers']),
  logout: ends(['logout'], ['logout', '--json'], ['logout', hostile]),
  report: ends(['report', '--offline'], ['report', '--offline', '--json'], ['report', hostile, '--offline']),
  refresh: ends(['refresh', 'machine'], ['refresh', 'machine', '--show-secrets'], ['refresh', 'machine', '--json']),
  invalidate: ends(['invalidate'], ['invalidate', '--force'], ['invalidate', hostile]),
  'context list': ends(['context', 'list'], ['context', 'list', '--json']),
  'context get': ends(
    ['context', 'get'],
    ['context', 'get', name, hostile],
    ['context', 'get', '--json'],
    ['context', 'get', '--show-secrets'],
  ),
  'context set': ends(['context', 'set', `new${hostile}`, `k${hostile}=${hostile}`], ['context', 'set', 'a', hostile]),
  'context use': ends(['context', 'use', name], ['context', 'use', hostile]),
  'context delete': ends(['context', 'delete', hostile], ['context', 'delete', name]),
  decode: ends(['decode', token], ['decode', token, '--json'], ['decode', hostile]),
  explain: ends(['explain', token], ['explain', token, '--json'], ['explain']),
  validate: ends(['validate', token], ['validate', token, '--json'], ['validate']),
  verify: ends(['verify', token], ['verify', token, '--json'], ['verify', token, '--issuer', hostile]),
  profile: ends(['profile', token], ['profile', '--json'], ['profile', token, '--endpoint', hostile]),
  userinfo: ends(['userinfo', token], ['userinfo', token, '--json']),
  organizations: ends(['organizations', token], ['organizations', token, '--json']),
  exchange: ends(['exchange', token, '--org', hostile], ['exchange', '--org', 'o', '--json']),
  doctor: ends(
    ['doctor'],
    ['doctor', '--json'],
    ['doctor', '--redirect-pattern', hostile],
    ['doctor', '--env', hostile],
  ),
  probe: ends(['probe', 'machine', '--yes'], ['probe', 'machine', '--yes', '--json'], ['probe', hostile, '--yes']),
  emulator: ends(
    ['emulator', '--port', hostile],
    ['emulator', '--auto-login', hostile, '--port', '70000'],
    ['emulator', '--redirect-uri', hostile],
    ['emulator', '--ready-file', `absent/${hostile}`],
  ),
  'emulator exec': ends(
    ['emulator', 'exec', '--kind', hostile, 'x'],
    ['emulator', 'exec', '--', hostile],
    ['emulator', 'exec', '--redirect-uri', `http://localhost/${hostile}`, '--', 'true'],
  ),
  cert: ends(['cert'], ['cert', '--renew', '--json'], ['cert', hostile]),
  init: async (shell) => {
    const manifest = { [hostile]: hostile, dependencies: { [hostile]: hostile }, scripts: { [hostile]: hostile } }
    writeFileSync(join(shell.place.cwd, 'package.json'), JSON.stringify(manifest))
    return ends(
      ['init', '--dry-run'],
      ['init', '--json', '--dry-run'],
      ['init', hostile],
      ['init', '--kind', hostile],
    )(shell)
  },
  link: async (shell) => {
    writeFileSync(join(shell.place.cwd, '.env'), `# Settings of imskit init.\nCLIENT_ID=${hostile}\n`)
    const credential = { client_id: hostile, client_secrets: [hostile], scopes: [hostile], [hostile]: hostile }
    writeFileSync(join(shell.place.cwd, 'c.json'), JSON.stringify(credential))
    return ends(['link', 'c.json'], ['link', hostile], ['link', 'c.json', '--credential', hostile])(shell)
  },
  migrate: async (shell) => {
    const specifier = JSON.stringify(`@adobe/aio-lib-ims/${hostile}`)
    const lines = [
      `context.set(${JSON.stringify(hostile)}, {})`,
      `context.get(${JSON.stringify(hostile.toUpperCase())})`,
    ]
    const code = `const { context } = require('@adobe/aio-lib-ims'); require(${specifier}); ${lines.join(';')}`
    const manifest = { dependencies: { '@adobe/aio-lib-ims': hostile }, [`@adobe/aio-lib-ims ${hostile}`]: hostile }
    const files = {
      [`${name}.js`]: code,
      [`broken${name}.js`]: `${code} ${hostile}`,
      'package.json': JSON.stringify(manifest),
    }
    for (const [file, text] of Object.entries(files)) writeFileSync(join(shell.place.cwd, file), text)
    mkdirSync(join(shell.place.cwd, name, 'dist'), { recursive: true })
    return ends(['migrate'], ['migrate', '--json'], ['migrate', hostile], ['migrate', '--write'])(shell)
  },
  completion: ends(['completion', 'next', '--', 'token', ''], ['completion', hostile]),
}

test('every command of the table is run', () => {
  expect(Object.keys(runs).sort()).toEqual(commands.map((command) => command.name).sort())
})

const everyControl = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const controlsIn = (text: string) => (text.match(everyControl) ?? []).filter((found) => found !== '\n')
const ownColours = new RegExp(`${String.fromCharCode(27)}\\[(?:31|33|32|1|2|39|22)m`, 'g')

describe.each(Object.keys(runs))('imskit %s', (command) => {
  test('writes no control character of an untrusted text, and no line that such a text contains', {
    timeout: 120_000,
  }, async () => {
    for (const { stdout, stderr } of (await runs[command]?.(newHostileShell({ DEBUG: 'imskit' }))) ?? []) {
      expect(controlsIn(stdout + stderr), stdout + stderr).toEqual([])
      expect(stdout + stderr).not.toMatch(/^forged: line/m)
      if (/^[[{].*[\]}]\n$/.test(stdout)) expect(() => JSON.parse(stdout)).not.toThrow()
    }
  })
})

test('colours are the only escape sequences, and no text can bring its own', { timeout: 60_000 }, async () => {
  const shell = newHostileShell({ FORCE_COLOR: '1' })
  const ended = await ends(['validate', token], ['verify', token], ['explain', token], ['token', hostile])(shell)
  for (const { stdout, stderr } of ended) {
    const all = stdout + stderr
    expect(all).toMatch(ownColours)
    expect(controlsIn(all.replace(ownColours, ''))).toEqual([])
  }
  expect(ended.map(({ stdout, stderr }) => stdout + stderr).join('')).toContain('\\u001b[31m')
})

test('what is not a token is not printed as one', async () => {
  const shell = newHostileShell()
  for (const words of [
    ['token', 'machine'],
    ['token', 'machine', '--json'],
    ['refresh', 'machine', '--show-secrets'],
  ]) {
    const { code, stdout, stderr } = await shell.run(words)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/characters that are not allowed in tokens/)
  }
})

test('--json returns every character of a hostile text', async () => {
  expect(await newHostileShell().json(['profile', token])).toEqual({ name: hostile })
})

test('one value of a context is printed with its own lines, as a key has them, and nothing else of it', async () => {
  const { stdout } = await newHostileShell().run(['context', 'get', name, 'note'])
  expect(stdout).toBe(`${printableLines(hostile)}\n`)
  expect(controlsIn(stdout)).toEqual([])
})

test('texts of several lines keep their lines', () => {
  expect(printableLines('a\r\nb\tc\n')).toBe('a\nb\tc\n')
  expect(printable('a\r\nb\tc')).toBe('a\\r\\nb\\tc')
  expect(printable('\u{1f468}\u200d\u{1f469} \ud800 é')).toBe('\u{1f468}\u200d\u{1f469} \\ud800 é')
})
