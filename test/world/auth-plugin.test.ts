import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import hjson from 'hjson'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { hasTerminals } from '../kit/child.ts'
import { type Machine, newMachine, requestsTo, signInAtOpenedAddress, signInAtShownAddress } from './kit/aio.ts'
import { type Library, neighboursWith } from './kit/neighbours.ts'

// `aio auth` of @adobe/aio-cli-plugin-auth, with both libraries

interface Token {
  readonly token: string
  readonly expiry: number
}
interface CliContext {
  readonly access_token?: Token
  readonly refresh_token?: Token
}

const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/m

let prod: RunningEmulator
let stage: RunningEmulator

beforeAll(async () => {
  prod = await startEmulator({ autoLogin: 'user@example.com' })
  stage = await startEmulator({ autoLogin: 'user@example.com' })
})
afterAll(async () => {
  await prod?.close()
  await stage?.close()
})

/** The text of a terminal without the sequences that move its cursor. */
const plain = (text: string) => stripVTControlCharacters(text).replaceAll('\r', '')

interface AioFile {
  readonly ims?: { readonly config?: object; readonly contexts?: Readonly<Record<string, CliContext>> }
}

function read(file: string): AioFile {
  return existsSync(file) ? (hjson.parse(readFileSync(file, 'utf8')) as AioFile) : {}
}
const cliContext = ({ place }: Machine) => read(place.globalFile).ims?.contexts?.cli

describe.each<[Library]>([['aio-lib-ims'], ['imskit']])('with %s', (library) => {
  let plugin: string

  beforeAll(async () => {
    plugin = join(await neighboursWith(library), 'node_modules/@adobe/aio-cli-plugin-auth')
  })

  const machine = (env: Record<string, string> = {}) => newMachine({ ...requestsTo({ library, prod, stage }), ...env })

  async function loggedIn(): Promise<Machine> {
    const own = machine()
    const login = own.start(plugin, ['auth', 'login', '--no-open'])
    await signInAtShownAddress(login, prod)
    expect(await login.ended).toMatchObject({ code: 0 })
    return own
  }

  test('login --no-open without a terminal shows the address and prints the token', async () => {
    const own = machine()
    const login = own.start(plugin, ['auth', 'login', '--no-open'])
    const address = await signInAtShownAddress(login, prod)
    expect(new URL(address).origin).toBe(prod.url)
    const { code, stdout } = await login.ended
    expect(code).toBe(0)
    expect(stdout).toContain(cliContext(own)?.access_token?.token)
    expect(cliContext(own)).toMatchObject({
      'cli.bare-output': false,
      access_token: { token: expect.stringMatching(jwt), expiry: expect.any(Number) },
      refresh_token: { token: expect.any(String), expiry: expect.any(Number) },
    })
    expect(own.opened()).toEqual([])
  })

  test('login without a terminal opens the browser', async () => {
    const own = machine()
    const login = own.start(plugin, ['auth', 'login', '--bare'])
    await signInAtOpenedAddress(own, prod)
    expect(await login.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(jwt) })
    expect(cliContext(own)).toMatchObject({ 'cli.bare-output': true })
  })

  test.runIf(hasTerminals).each([[['--no-open']], [[]]])('login at a terminal with %j', async (flags) => {
    const own = machine()
    const login = own.start(plugin, ['auth', 'login', ...flags], { terminal: true })
    await (flags.length > 0 ? signInAtShownAddress(login, prod) : signInAtOpenedAddress(own, prod))
    const { code, stdout } = await login.ended
    expect(code).toBe(0)
    expect(plain(stdout)).toContain(cliContext(own)?.access_token?.token)
    expect(own.opened()).toHaveLength(flags.length > 0 ? 0 : 1)
  })

  test('a second login prints the stored token without asking the user', async () => {
    const own = await loggedIn()
    const before = prod.requests.length
    const { code, stdout } = await own.run(plugin, ['auth', 'login'])
    expect(code).toBe(0)
    expect(stdout.trim()).toBe(cliContext(own)?.access_token?.token)
    expect(prod.requests.length).toBe(before)
    expect(own.opened()).toEqual([])
  })

  test('login --force logs out first, also at IMS, and signs in again', async () => {
    const own = await loggedIn()
    const { token } = cliContext(own)?.access_token ?? {}
    const login = own.start(plugin, ['auth', 'login', '--force', '--no-open'])
    const address = await signInAtShownAddress(login, prod)
    expect(new URL(address).pathname).toBe('/ims/logout/v1')
    expect(await login.ended).toMatchObject({ code: 0 })
    expect(cliContext(own)?.access_token?.token).toMatch(jwt)
    expect(cliContext(own)?.access_token?.token).not.toBe(token)
  })

  test('login --decode prints the claims', async () => {
    const own = await loggedIn()
    const { code, stdout } = await own.run(plugin, ['auth', 'login', '--decode', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ client_id: 'aio-cli-console-auth', type: 'access_token' })
  })

  test.runIf(library === 'imskit')('login in CI shows the address, as the plug-in asks for a login', async () => {
    const login = machine({ CI: 'true' }).start(plugin, ['auth', 'login', '--no-open'])
    await signInAtShownAddress(login, prod)
    expect(await login.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(jwt) })
  })

  test.runIf(library === 'aio-lib-ims')('login in CI fails and says so', async () => {
    const { code, stdout, stderr } = await machine({ CI: 'true' }).run(plugin, ['auth', 'login', '--no-open'])
    expect(code).toBe(1)
    expect(stdout).not.toMatch(jwt)
    expect(stderr).toContain("Cannot get token for context 'cli'")
  })

  test('ctx lists, shows and sets contexts', async () => {
    const own = await loggedIn()
    const ctx = async (...flags: string[]) => {
      const { code, stdout } = await own.run(plugin, ['auth', 'ctx', '--json', ...flags])
      expect(code).toBe(0)
      return stdout.trim() === '' ? undefined : JSON.parse(stdout)
    }
    expect(await ctx()).toBeUndefined()
    expect(await ctx('--list')).toEqual(['cli'])
    expect(await ctx('--value', '--ctx', 'cli')).toEqual({ name: 'cli', data: cliContext(own), local: false })
    expect(await ctx('--set', 'cli')).toBe('cli')
    expect(await ctx()).toBe('cli')
    expect(read(own.place.localFile).ims?.config).toEqual({ current: 'cli' })
  })

  test('logout without a login reports that no user is signed in', async () => {
    const { code, stdout } = await machine().run(plugin, ['auth', 'logout'])
    expect(code).toBe(0)
    expect(stdout).toContain('already logged out')
  })

  test('logout ends the login, and a second one has nothing to do', async () => {
    const own = await loggedIn()
    const before = prod.requests.length
    const { code, stdout } = await own.run(plugin, ['auth', 'logout'])
    expect(code).toBe(0)
    expect(stdout).toContain('successfully logged out')
    expect(cliContext(own)).toEqual({ 'cli.bare-output': false })
    // @adobe/aio-lib-ims invalidates nothing at IMS if the context has no client secret
    const accepted = prod.requests.slice(before).filter(({ status }) => status === 200)
    expect(accepted.length > 0).toBe(library === 'imskit')
    expect(await own.run(plugin, ['auth', 'logout'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('already logged out'),
    })
  })

  test('logout --no-force leaves the refresh token', async () => {
    const own = await loggedIn()
    expect(await own.run(plugin, ['auth', 'logout', '--no-force'])).toMatchObject({ code: 0 })
    expect(cliContext(own)).toMatchObject({ refresh_token: { token: expect.any(String) } })
    expect(cliContext(own)).not.toHaveProperty('access_token')
  })

  test('logout of a context whose invalidation IMS refuses', async () => {
    const own = await loggedIn()
    const { access_token, refresh_token } = cliContext(own) ?? {}
    const data = {
      client_id: 'aio-cli-console-auth',
      client_secret: 'wrong',
      scope: 'openid',
      access_token,
      refresh_token,
    }
    writeFileSync(own.place.localFile, JSON.stringify({ ims: { contexts: { data } } }))
    const logout = () => own.run(plugin, ['auth', 'logout', '--ctx', 'data'])
    const refused = { code: 1, stderr: expect.stringContaining("Cannot logout context 'data'") }
    expect(await logout()).toMatchObject(refused)
    const left = Object.keys(read(own.place.localFile).ims?.contexts?.data ?? {})
    if (library === 'imskit') {
      // removed here in any case
      expect(left).toEqual(['client_id', 'client_secret', 'scope'])
      expect(await logout()).toMatchObject({ code: 0, stdout: expect.stringContaining('already logged out') })
    } else {
      expect(left).toEqual(expect.arrayContaining(['access_token', 'refresh_token']))
      expect(await logout()).toMatchObject(refused)
    }
  })

  test('AIO_CLI_ENV=stage signs in at stage', async () => {
    // an endpoint of the configuration would win over the environment
    const own = machine({ AIO_CLI_ENV: 'stage', AIO_IMS_CONFIG_ENDPOINT: '' })
    const login = own.start(plugin, ['auth', 'login', '--no-open'])
    const address = await signInAtShownAddress(login, stage)
    expect(new URL(address).origin).toBe(stage.url)
    expect(await login.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(jwt) })
  })
})
