import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { createPerson } from '../emulator/person.ts'
import { build } from '../kit/build.ts'
import { newPlace, type Place } from '../kit/place.ts'
import { imskit, type Program } from '../kit/program.ts'
import { withoutEndpoint } from '../kit/ready-made.ts'
import { freePort } from '../kit/server.ts'

// the login of a program that runs as users run it; fetch plays the browser

const hosted = 'https://app.example/callback'

let emulator: RunningEmulator

beforeAll(async () => {
  await build()
  const clients = [{ clientId: 'hosted', redirectUris: [hosted] }]
  emulator = await startEmulator({ autoLogin: 'user@example.com', clients })
})
afterAll(() => emulator.close())

/** A place whose browser writes down what it is sent to. */
function placeWithBrowser(): Place & { opened(): string } {
  const place = newPlace()
  const browser = join(place.home, 'browser')
  const log = join(place.home, 'opened')
  writeFileSync(browser, `#!/bin/sh\necho "$1" >> '${log}'\n`)
  chmodSync(browser, 0o755)
  const opened = () => (existsSync(log) ? readFileSync(log, 'utf8') : '')
  return { ...place, env: { ...place.env, BROWSER: browser }, opened }
}

const login = { interaction: 'login' }
const requests = () => emulator.requests.length

/** The address that the program shows. */
async function shown(program: Program): Promise<URL> {
  const [, url = ''] = await program.said(/Open this address[^\n]*\n\n\s*(\S+)\n/)
  return new URL(url)
}

/** Signs in as the user at the screen would; resolves to the callback URL. */
async function signIn(program: Program): Promise<URL> {
  const { url } = await createPerson(emulator).visit(await shown(program))
  await fetch(url, { redirect: 'manual' })
  return url
}

describe('a context that needs a user', () => {
  test.each(['oauth', 'oauth_public'] as const)('%s: getToken may ask, and then has a token for all', async (kind) => {
    const place = placeWithBrowser()
    const program = imskit({ place, endpoint: emulator.url })
    await program.call('context.set', 'person', withoutEndpoint(emulator.contexts[kind]), true)
    const token = program.call<string>('getToken', 'person', login)
    const address = await shown(program)
    const back = await signIn(program)
    expect(back.pathname).toBe('/callback')
    expect(await program.call('ims.getProfile', await token)).toMatchObject({ email: 'user@example.com' })
    // what a program is started with can be read by every user of the machine
    expect(place.opened()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/open\/[\w-]+\n$/)
    expect(place.opened()).not.toContain(address.searchParams.get('state'))
    const before = requests()
    expect(await program.call('getToken', 'person')).toBe(await token)
    expect(await imskit({ place, endpoint: emulator.url }).call('getToken', 'person')).toBe(await token)
    expect(requests()).toBe(before)
    const { ims } = JSON.parse(readFileSync(place.localFile, 'utf8'))
    expect(ims.contexts.person).toMatchObject({ access_token: { token: await token }, refresh_token: {} })
  })

  test.each([
    [undefined, 'LOGIN_NOT_POSSIBLE'],
    [{ interaction: 'none' }, 'LOGIN_REQUIRED'],
  ])('is not asked without a terminal, nor with %j', async (options, code) => {
    const place = placeWithBrowser()
    const program = imskit({ place, endpoint: emulator.url })
    await program.call('context.set', 'person', withoutEndpoint(emulator.contexts.oauth_public))
    const before = requests()
    await expect(program.call('getToken', 'person', options)).rejects.toMatchObject({ code })
    expect(program.printed).toEqual({ stdout: '', stderr: '' })
    expect(requests()).toBe(before)
    expect(place.opened()).toBe('')
  })

  test('is not asked in CI, unless the call says so', async () => {
    const place = placeWithBrowser()
    const program = imskit({ place, endpoint: emulator.url, env: { CI: 'true' } })
    await program.call('context.set', 'person', withoutEndpoint(emulator.contexts.oauth_public))
    await expect(program.call('getToken', 'person')).rejects.toMatchObject({ code: 'LOGIN_NOT_POSSIBLE' })
    await program.call('context.setCli', { 'cli.bare-output': true })
    await expect(program.call('getToken', 'cli')).rejects.toMatchObject({ code: 'LOGIN_NOT_POSSIBLE' })
    expect(program.printed.stderr).toBe('')
    expect(place.opened()).toBe('')
    const token = program.call('getToken', 'person', login)
    await signIn(program)
    expect(await token).toBeTypeOf('string')
  })

  test('is not bothered with an outage', async () => {
    const place = placeWithBrowser()
    const program = imskit({ place, endpoint: `http://127.0.0.1:${await freePort()}` })
    await program.call('context.set', 'person', {
      ...withoutEndpoint(emulator.contexts.oauth),
      access_token: { token: 'ended', expiry: 1 },
      refresh_token: { token: 'opaque', expiry: Date.now() + 86_400_000 },
    })
    await expect(program.call('getToken', 'person', login)).rejects.toMatchObject({ code: 'NETWORK_FAILED' })
    expect(place.opened()).toBe('')
    const { data } = await program.call<{ data: object }>('context.get', 'person')
    expect(data).toMatchObject({ refresh_token: { token: 'opaque' } })
  })

  test('is asked if IMS refuses the refresh token', async () => {
    const place = placeWithBrowser()
    const program = imskit({ place, endpoint: emulator.url })
    await program.call('context.set', 'person', {
      ...withoutEndpoint(emulator.contexts.oauth),
      refresh_token: { token: 'opaque', expiry: Date.now() + 86_400_000 },
    })
    const token = program.call('getToken', 'person', login)
    await signIn(program)
    expect(await token).toEqual(expect.any(String))
  })

  test('may take their time, but not more than that', async () => {
    const program = imskit({ place: placeWithBrowser(), endpoint: emulator.url })
    await program.call('context.set', 'person', withoutEndpoint(emulator.contexts.oauth_public))
    const token = program.call('getToken', 'person', { ...login, timeout: 0.05 })
    await expect(token).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  test('may refuse', async () => {
    const program = imskit({ place: placeWithBrowser(), endpoint: emulator.url })
    await program.call('context.set', 'person', withoutEndpoint(emulator.contexts.oauth_public))
    const token = expect(program.call('getToken', 'person', login)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    const address = await shown(program)
    const back = new URL(address.searchParams.get('redirect_uri') ?? '')
    back.searchParams.set('error', 'access_denied')
    back.searchParams.set('state', address.searchParams.get('state') ?? '')
    await fetch(back)
    await token
  })
})

describe('the redirect URI of a context', () => {
  test.each(['127.0.0.1', 'localhost', '[::1]'])('on %s is listened on, port and path', async (host) => {
    const redirect_uri = `http://${host}:${await freePort()}/signed/in`
    const program = imskit({ place: newPlace(), endpoint: emulator.url })
    await program.call('context.set', 'person', { ...withoutEndpoint(emulator.contexts.oauth), redirect_uri })
    const token = program.call('getToken', 'person', login)
    const back = await signIn(program)
    expect(back.origin + back.pathname).toBe(redirect_uri)
    expect(await token).toEqual(expect.any(String))
  })

  test('elsewhere cannot be listened on; without a terminal nothing can be pasted', async () => {
    const place = placeWithBrowser()
    const program = imskit({ place, endpoint: emulator.url })
    await program.call('context.set', 'person', { client_id: 'hosted', scope: 'openid', redirect_uri: hosted })
    await expect(program.call('getToken', 'person', login)).rejects.toMatchObject({
      code: 'LOGIN_NOT_POSSIBLE',
      message: expect.stringContaining('https://app.example'),
    })
    expect(place.opened()).toBe('')
  })
})

describe('the cli context', () => {
  const relay = () => ({ PROOF_RELAY: `${emulator.url}/api/v1/web/default/applogin` })

  test('signs in through the relay, and its token is ended at IMS though it has no secret', async () => {
    const place = placeWithBrowser()
    const program = imskit({ place, endpoint: emulator.url, env: relay() })
    await program.call('context.setCli', { 'cli.bare-output': true })
    const token = program.call<string>('relayed.getToken', 'cli', login)
    const back = await signIn(program)
    expect(back.hostname).toBe('localhost')
    expect(await program.call('ims.validateToken', await token)).toMatchObject({ valid: true })
    const before = requests()
    expect(await program.call('getToken', 'cli')).toBe(await token)
    expect(requests()).toBe(before)
    expect(await program.call('context.getCli')).toMatchObject({ 'cli.bare-output': true, access_token: {} })
    await program.call('invalidateToken', 'cli', true)
    expect(await program.call('context.getCli')).toEqual({ 'cli.bare-output': true })
    expect(await program.call('ims.validateToken', await token)).toMatchObject({ valid: false })
  })

  test('signs out first if the login is forced', async () => {
    const program = imskit({ place: placeWithBrowser(), endpoint: emulator.url, env: relay() })
    await program.call('context.setCli', { 'cli.bare-output': true, forceLogin: true })
    const token = program.call('relayed.getToken', 'cli', login)
    expect((await shown(program)).href).toMatch(`${emulator.url}/ims/logout/v1?client_id=`)
    await signIn(program)
    expect(await token).toEqual(expect.any(String))
  })

  test('setCli merges within one file and accepts only objects', async () => {
    const program = imskit({ place: newPlace(), endpoint: emulator.url })
    await program.call('context.setCli', { a: 1 })
    await program.call('context.setCli', { b: 2 }, true)
    await program.call('context.setCli', { c: 3 }, true)
    expect(await program.call('context.getCli')).toEqual({ a: 1, b: 2, c: 3 })
    await program.call('context.setCli', { d: 4 }, true, false)
    expect(await program.call('context.getCli')).toEqual({ a: 1, d: 4 })
    for (const wrong of ['text', null, ['list']]) {
      await expect(program.call('context.setCli', wrong)).rejects.toMatchObject({ code: 'INVALID_CONTEXT_DATA' })
    }
  })
})
