import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RunningEmulator } from '../../src/emulator/index.ts'
import { freePort } from '../browser/ims.ts'
import { createPerson } from '../emulator/person.ts'
import { newShell, setContext, signIn, useEmulator } from './command.ts'

// the command as a shell runs it, against a running emulator, with files in a home of its own

let emulator: RunningEmulator
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/

useEmulator((running) => {
  emulator = running
})

describe('a context for machines', () => {
  test('has its token alone on stdout, kept until another is wanted (S75)', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_server_to_server', 'machine')
    const first = await shell.run(['token', 'machine'])
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout.trimEnd()).toMatch(jwt)
    expect(await shell.run(['token', 'machine'])).toEqual(first)
    expect((await shell.run(['token', 'machine', '--force'])).stdout).not.toBe(first.stdout)
    expect(await shell.json(['token', 'machine'])).toMatchObject({
      context: 'machine',
      token: expect.stringMatching(jwt),
    })
  })

  test('is refreshed without its token being shown, unless that is wanted', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'jwt')
    const before = (await shell.run(['token', 'jwt'])).stdout.trim()
    const { code, stdout } = await shell.run(['refresh', 'jwt'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/expires {4}20\S+ \(in 24 hours\)/)
    expect(stdout).not.toMatch(/eyJ/)
    expect((await shell.run(['token', 'jwt'])).stdout.trim()).not.toBe(before)
    expect((await shell.run(['refresh', 'jwt', '--show-secrets'])).stdout).toMatch(/token {6}eyJ/)
  })

  test('says on stderr what is asked of IMS, with --verbose', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_server_to_server', 'machine')
    const { stdout, stderr } = await shell.run(['token', 'machine', '--verbose'])
    expect(stdout.trim()).toMatch(jwt)
    expect(stderr).toMatch(/^imskit request .*\/ims\/token\/v3/m)
    expect(stderr).not.toMatch(/eyJ|emulator-first-secret/)
  })

  test('is signed in without a user', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'jwt')
    expect(await shell.json(['login', 'jwt'])).toMatchObject({ context: 'jwt', token: '[redacted]' })
  })

  test('says that its secret is wrong', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_server_to_server', 'machine')
    await shell.run(['context', 'set', 'machine', '--merge', '--secret-file', 'client_secrets=-'], {
      input: 'wrong-one',
    })
    const { code, stdout, stderr } = await shell.run(['token', 'machine'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('HTTP_ERROR')
    expect(stderr).not.toContain('wrong-one')
  })
})

describe('a login in a container', () => {
  const outside = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address

  test.skipIf(outside === undefined)(
    'listens where a published port leads to, says what that opens, and signs in',
    async () => {
      const shell = newShell(emulator.url)
      await setContext(shell, emulator, 'oauth_public', 'me')
      const port = await freePort()
      const login = shell.start([
        'login',
        'me',
        '--no-browser',
        '--callback-host',
        '0.0.0.0',
        '--callback-port',
        `${port}`,
      ])
      const [, url = ''] = await login.said(/Open this address[^\n]*\n\s*\n\s*(\S+)\s*\n/)
      expect(login.printed).toMatchObject({ stdout: '', stderr: expect.stringMatching(/^Warning: .*0\.0\.0\.0/) })
      const back = (await createPerson(emulator).visit(url)).url
      expect(back.origin).toBe(`http://127.0.0.1:${port}`)
      // as a published port does: another address, the same name
      const { statusCode, headers } = await new Promise<IncomingMessage>((resolve, reject) => {
        const options = { host: outside, port, path: back.pathname + back.search, headers: { host: back.host } }
        get(options, resolve).once('error', reject)
      })
      // the code leaves the address bar
      expect([statusCode, headers.location]).toEqual([303, back.pathname])
      expect(await login.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/renewable {2}yes/) })
    },
  )
})

describe('a user', () => {
  test('signs in, is not asked again, exchanges, looks around and leaves', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_public', 'me')
    const refused = await shell.run(['token', 'me'])
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('imskit login')
    expect(await signIn(shell, emulator, 'me')).toMatch(/renewable {2}yes/)
    const again = await shell.run(['login', 'me'])
    expect(again).toMatchObject({ code: 0 })
    expect(again.stderr).toContain('--force')
    const early = (await shell.run(['token', 'me'])).stdout
    expect(await shell.run(['refresh', 'me'])).toMatchObject({ code: 0, stderr: '' })
    expect(emulator.requests.at(-1)).toMatchObject({ params: { grant_type: 'refresh_token' } })
    expect((await shell.run(['token', 'me'])).stdout).not.toBe(early)

    expect(await shell.json(['userinfo', 'me'])).toMatchObject({ email: 'user@example.com' })
    expect(await shell.json(['profile', 'me'])).toMatchObject({ email: 'user@example.com' })
    const organizations = await shell.run(['organizations', 'me'])
    expect(organizations.stdout).toContain('89ABCDEF0123456789ABCDEF@AdobeOrg  Another Emulated Org')

    const exchanged = await shell.run(['exchange', 'me', '--org', '89ABCDEF0123456789ABCDEF@AdobeOrg'])
    expect(exchanged).toMatchObject({ code: 0, stderr: '' })
    const own = (await shell.run(['token', 'me'])).stdout
    expect(exchanged.stdout.trim()).toMatch(jwt)
    expect(exchanged.stdout).not.toBe(own)
    expect(await shell.run(['exchange', 'me'])).toMatchObject({ code: 2, stdout: '' })

    const ended = await shell.run(['invalidate', 'me', '--force'])
    expect(ended).toMatchObject({ code: 0 })
    expect(JSON.parse((await shell.run(['validate', '-', '--json'], { input: own })).stdout)).toMatchObject({
      valid: false,
    })
    expect(readFileSync(shell.place.globalFile, 'utf8')).not.toContain('_token')
    expect(await shell.run(['invalidate', 'me'])).toMatchObject({ code: 1, stdout: '' })
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('ends a login by %s, and nothing is kept', async (signal) => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_public', 'me')
    const before = readFileSync(shell.place.globalFile, 'utf8')
    const login = shell.start(['login', 'me', '--no-browser'])
    await login.said(/Open this address/)
    login.kill(signal)
    const { code, stdout, stderr } = await login.ended
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(stderr).toContain('interrupted')
    expect(readFileSync(shell.place.globalFile, 'utf8')).toBe(before)
  })

  test('is sent to the browser that BROWSER names', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_public', 'me')
    const browser = join(shell.place.cwd, 'browser.mjs')
    // the emulator signs in by itself, and a fetch follows it back to the command
    writeFileSync(browser, `#!${process.execPath}\nawait fetch(process.argv[2])\n`)
    chmodSync(browser, 0o755)
    const { code, stdout } = await shell.run(['login', 'me'], { env: { BROWSER: browser } })
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('context    me') })
  })

  test('is not asked in CI', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_public', 'me')
    const { code, stderr } = await shell.run(['login', 'me'], { env: { CI: 'true' } })
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('LOGIN_NOT_POSSIBLE') })
  })

  test('may take only so long', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_public', 'me')
    const { code, stderr } = await shell.run(['login', 'me', '--no-browser', '--timeout', '1'])
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('TIMEOUT') })
  })
})

describe('a token', () => {
  test('comes by standard input, as an argument with a warning, or from a context', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_server_to_server', 'machine')
    await shell.run(['context', 'use', 'machine'])
    const token = (await shell.run(['token'])).stdout
    const piped = await shell.run(['decode', '-'], { input: token })
    expect(piped).toMatchObject({ code: 0, stderr: '' })
    const { header, claims } = JSON.parse(piped.stdout)
    expect(header).toMatchObject({ alg: 'RS256' })
    expect(claims).toMatchObject({ client_id: 'emulator-server-to-server', type: 'access_token' })
    expect((await shell.run(['decode'])).stdout).toBe(piped.stdout)
    const typed = await shell.run(['decode', token.trim()])
    expect(typed.stdout).toBe(piped.stdout)
    expect(typed.stderr).toMatch(/^Warning: .*Pipe it in/)
    expect(typed.stderr).not.toContain(token.trim())
    const [, payload = ''] = token.split('.')
    for (const damaged of ['bm8gSlNPTg', '', 'W10', '__8'])
      expect(await shell.run(['decode', '-'], { input: `${damaged}.${payload}.x` })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('not a decodable JWT'),
      })
    expect(await shell.run(['decode', '-'], { input: 'opaque' })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('BAD_TOKEN'),
    })
    expect(await shell.run(['decode', '-'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('does not contain a token'),
    })
  })

  test('is judged by IMS and by its keys', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_server_to_server', 'machine')
    const token = (await shell.run(['token', 'machine'])).stdout.trim()
    expect(await shell.json(['validate', 'machine'])).toEqual({ valid: true })
    expect(
      await shell.json(['verify', 'machine', '--scope', 'openid', '--client-id', 'emulator-server-to-server']),
    ).toMatchObject({
      valid: true,
    })
    expect(await shell.json(['verify', 'machine', '--scope', 'nope'], 1)).toMatchObject({
      valid: false,
      reason: 'scope',
    })
    expect(await shell.json(['verify', 'machine', '--client-id', 'other'], 1)).toMatchObject({ reason: 'client' })
    const [head, body] = token.split('.')
    const forged = `${head}.${body}.${'A'.repeat(342)}`
    const refused = await shell.run(['verify', '-', '--json'], { input: forged })
    expect({ code: refused.code, ...JSON.parse(refused.stdout) }).toMatchObject({ code: 1, reason: 'signature' })
    expect((await shell.run(['validate', '-', '--json'], { input: forged })).code).toBe(1)
  })
})
