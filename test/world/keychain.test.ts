import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { resultOf, startChild } from '../kit/child.ts'
import { newPlace, type Place } from '../kit/place.ts'
import { manifestsOf, useFramework } from './kit/installed.ts'
import { startBus, startSecretService } from './kit/secret-service.ts'

// the packed package with the published @napi-rs/keyring, and gnome-keyring as the keychain of the user

const project = useFramework('keychain')
let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
  for (const name of ['contract.mjs', 'token.mjs']) cpSync(join(manifestsOf('keychain'), name), join(project(), name))
})
afterAll(() => emulator?.close())

interface Result {
  readonly token?: string
  readonly code?: string
  readonly message?: string
  readonly degraded: readonly string[]
}

const asked = () => emulator.requests.filter(({ path }) => path.startsWith('/ims/token')).length

/** Runs a process that gets the token of a server. */
function getToken(place: Place, env: Record<string, string>, options: object = {}): Promise<Result> {
  const { client_id: clientId, client_secrets, scopes, ims_org_id: orgId } = emulator.contexts.oauth_server_to_server
  const credential = { clientId, clientSecret: client_secrets, scopes, orgId }
  const given = JSON.stringify({ endpoint: emulator.url, credential, ...options })
  const command = [process.execPath, join(project(), 'token.mjs'), given]
  return resultOf<Result>(startChild({ ...place, env: { ...place.env, ...env } }, command))
}

/** What the files of the tokens have as text. */
function onDisk({ env }: Place): string {
  const directory = join(env.XDG_STATE_HOME ?? '', 'imskit', 'tokens')
  if (!existsSync(directory)) return ''
  return readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('\n')
}

test('the store passes the contract', async () => {
  const place = newPlace()
  const { env } = await startSecretService(place)
  const command = [process.execPath, '--test', join(project(), 'contract.mjs')]
  const { code, stdout } = await startChild({ ...place, env: { ...place.env, ...env } }, command).ended
  expect(stdout).toMatch(/# pass 1[0-9]/)
  expect({ code, failed: /# fail (\d+)/.exec(stdout)?.[1] }, stdout).toEqual({ code: 0, failed: '0' })
})

test('two processes share a token that no file has as text', async () => {
  const place = newPlace()
  const { env } = await startSecretService(place)
  const before = asked()
  const first = await getToken(place, env)
  expect(first).toEqual({ token: expect.any(String), degraded: [] })
  expect(await getToken(place, env)).toEqual(first)
  expect(asked()).toBe(before + 1)
  expect(onDisk(place)).toContain('imskit-keychain')
  expect(onDisk(place)).not.toContain(first.token)
})

test('a token that was stored in files is used, and then encrypted', async () => {
  const place = newPlace()
  const { env } = await startSecretService(place)
  const stored = await getToken(place, env, { keychain: false })
  expect(onDisk(place)).toContain(stored.token)
  const before = asked()
  expect(await getToken(place, env)).toEqual({ token: stored.token, degraded: [] })
  await expect.poll(() => onDisk(place)).not.toContain(stored.token)
  expect(await getToken(place, env)).toEqual({ token: stored.token, degraded: [] })
  expect(asked()).toBe(before)
})

describe('tokens still work, and an event says why they are not encrypted', () => {
  test('if the keychain is locked and the user does not unlock it', async () => {
    const place = newPlace()
    const { env, lock } = await startSecretService(place)
    const encrypted = await getToken(place, env)
    await lock()
    const reason = 'the keychain is locked or denies access'
    const locked = await getToken(place, env)
    expect(locked).toEqual({ token: expect.any(String), degraded: [reason] })
    expect(locked.token).not.toBe(encrypted.token)
    expect(onDisk(place)).toContain(locked.token)
    // the next process reads that one
    expect(await getToken(place, env)).toMatchObject({ token: locked.token })
  })

  test('if no bus is there, and if the bus has no keychain', async () => {
    const reason = 'the keychain is not available'
    const [without, bus] = [newPlace(), newPlace()]
    expect(await getToken(without, {})).toEqual({ token: expect.any(String), degraded: [reason] })
    expect(await getToken(bus, await startBus(bus))).toEqual({ token: expect.any(String), degraded: [reason] })
  })

  test('if the package is not installed', async () => {
    const place = newPlace()
    // the folder is a copy for this file
    rmSync(join(project(), 'node_modules', '@napi-rs'), { recursive: true, force: true })
    const result = await getToken(place, {})
    expect(result).toEqual({ token: expect.any(String), degraded: ['@napi-rs/keyring is not installed'] })
  })
})
