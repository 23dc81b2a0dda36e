import { spawn, spawnSync } from 'node:child_process'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { shellWord } from '../../src/adapters/node/cli/hints.ts'
import { build, built } from '../kit/build.ts'
import { newShell } from './command.ts'

beforeAll(() => build())

/** A program that runs a command in a terminal of its own. */
const hasScript = spawnSync('script', ['--version']).status === 0

/** Runs a program in Node by `imskit emulator exec`, with `options` of the command. */
const exec = (source: string, options: readonly string[] = [], env: Record<string, string> = {}) =>
  newShell(undefined, env).start(['emulator', 'exec', ...options, '--', process.execPath, '-e', source])

/** A program that gets a token with its variables and prints what it got. */
const takeToken = `
  const { IMS_ENDPOINT, CLIENT_ID, CLIENT_SECRET, SCOPES } = process.env
  const form = { grant_type: 'client_credentials', client_id: CLIENT_ID, client_secret: CLIENT_SECRET, scope: SCOPES }
  fetch(IMS_ENDPOINT + '/ims/token/v3', { method: 'POST', body: new URLSearchParams(form) })
    .then((response) => response.json())
    .then(({ token_type }) => console.log(JSON.stringify({ token_type, env: process.env })))`

describe('imskit emulator exec', () => {
  test('starts the command when the emulator answers, with a credential, and leaves no emulator behind', async () => {
    const stale = { CLIENT_SECRET: 'of-another-client', IMS_ENDPOINT: 'https://ims.example' }
    const { code, stdout } = await exec(takeToken, [], stale).ended
    expect(code).toBe(0)
    const { token_type, env } = JSON.parse(stdout)
    expect(token_type).toBe('bearer')
    expect(env).toMatchObject({
      CLIENT_ID: 'emulator-server-to-server',
      AIO_IMS_CONFIG_ENDPOINT: env.IMS_ENDPOINT,
      VITE_IMS_ENDPOINT: env.IMS_ENDPOINT,
      // a browser app must not have a secret
      VITE_CLIENT_ID: 'emulator-public',
    })
    expect(env).not.toHaveProperty('VITE_CLIENT_SECRET')
    expect(env).not.toHaveProperty('REDIRECT_URI')
    await expect(fetch(env.IMS_ENDPOINT)).rejects.toThrow()
  })

  test('the kinds that sign users in have a redirect URI that the emulator accepts', async () => {
    const authorize = `
      const { IMS_ENDPOINT, CLIENT_ID: client_id, REDIRECT_URI: redirect_uri, CLIENT_SECRET } = process.env
      const query = new URLSearchParams({ client_id, redirect_uri, scope: 'openid', prompt: 'none', code_challenge: 'x'.repeat(43) })
      fetch(IMS_ENDPOINT + '/ims/authorize/v2?' + query, { redirect: 'manual' })
        .then(({ headers }) => console.log(CLIENT_SECRET, headers.get('location').split('?')[0]))`
    const printed = async (...options: string[]) => (await exec(authorize, options).ended).stdout.trim()
    expect(await printed('--kind', 'oauth')).toBe('emulator-web-app-secret http://localhost:3000/callback')
    const own = ['--redirect-uri', 'https://app\\.example/.*', '--redirect-uri', 'myapp://back']
    expect(await printed('--kind', 'oauth_public', ...own)).toBe('undefined myapp://back')
    // a pattern is not a value that a program can use, but it is accepted
    const pattern = authorize.replace('prompt:', "redirect_uri: 'https://app.example/x', prompt:")
    expect((await exec(pattern, ['--kind', 'oauth', ...own]).ended).stdout).toContain('https://app.example/x')
  })

  test('the kind jwt has a key that signs an assertion', async () => {
    const sign = "console.log(require('node:crypto').createPrivateKey(process.env.PRIVATE_KEY).asymmetricKeyType)"
    expect(await exec(sign, ['--kind', 'jwt']).ended).toMatchObject({ code: 0, stdout: 'rsa\n' })
  })

  test('passes on standard input, the exit code and the signal that ended the command', async () => {
    const { run } = newShell()
    const copy = ['emulator', 'exec', '--', process.execPath, '-e', 'process.stdin.pipe(process.stdout)']
    expect(await run(copy, { input: 'text' })).toMatchObject({ code: 0, stdout: 'text' })
    expect(await exec('process.exit(7)').ended).toMatchObject({ code: 7, stdout: '' })
    // no exit code: it ended by a signal as well
    expect(await exec("process.kill(process.pid, 'SIGTERM')").ended).toMatchObject({ code: null })
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('passes %s on to the command', async (signal) => {
    const running = exec(`
      process.on('${signal}', () => { console.log('got it'); process.exit(9) })
      setInterval(() => {}, 1000)
      console.log('ready')`)
    await running.said(/ready/)
    running.kill(signal)
    expect(await running.ended).toMatchObject({ code: 9, stdout: 'ready\ngot it\n' })
  })

  test.skipIf(!hasScript)('Ctrl-C at a terminal reaches the command once', async () => {
    // the answer of the emulator comes after a second signal would
    const program = `let count = 0
      process.on('SIGINT', () => {
        count += 1
        fetch(process.env.IMS_ENDPOINT).then(() => { console.log('signals: ' + count); process.exit(5) })
      })
      setInterval(() => {}, 1000)
      console.log('ready')`
    const line = ['emulator', 'exec', '--', process.execPath, '-e', program].map((word) => shellWord(word)).join(' ')
    const { place } = newShell()
    // without exec, some shells would end on Ctrl-C and close the terminal
    const command = `exec ${shellWord(process.execPath)} ${shellWord(built('cli'))} ${line}`
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: place.cwd, env: place.env })
    onTestFinished(() => void terminal.kill('SIGKILL'))
    let shown = ''
    for await (const text of terminal.stdout.setEncoding('utf8')) {
      if (!shown.includes('ready') && (shown + text).includes('ready')) terminal.stdin.write('\x03')
      shown += text
    }
    expect(shown).toContain('signals: 1')
    // the exit code of the command
    await vi.waitFor(() => expect(terminal.exitCode).toBe(5))
  })

  test('says that the program was not found, and which kinds there are', async () => {
    const { run } = newShell()
    expect(await run(['emulator', 'exec', '--', 'no-such-program'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining("The program 'no-such-program' was not found. Check its name"),
    })
    expect(await run(['emulator', 'exec', '--kind', 'machine', '--', 'true'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('oauth_server_to_server'),
    })
    expect(await run(['emulator', 'exec'])).toMatchObject({ code: 2, stderr: expect.stringContaining('<command>') })
  })
})
