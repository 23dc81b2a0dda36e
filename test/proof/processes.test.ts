import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { authorizeUrl, callback, createPerson, post } from '../emulator/person.ts'
import { build } from '../kit/build.ts'
import { newPlace, type Place } from '../kit/place.ts'
import { imskit, type Program } from '../kit/program.ts'
import { withoutEndpoint } from '../kit/ready-made.ts'

// real processes with one home and one project, all at once

const crowd = 8

let emulator: RunningEmulator

beforeAll(async () => {
  await build()
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
})
afterAll(() => emulator.close())

/** Programs that have started, so that what they are asked next they do at the same time. */
async function gather(place: Place): Promise<Program[]> {
  const programs = Array.from({ length: crowd }, () => imskit({ place, endpoint: emulator.url }))
  await Promise.all(programs.map((program) => program.call('context.keys')))
  return programs
}

const all = (programs: readonly Program[], method: string, ...args: unknown[]) =>
  Promise.all(programs.map((program) => program.call<string>(method, ...args)))

/** The token requests since this was called, with their statuses. */
function watch(): () => number[] {
  const before = emulator.requests.length
  const since = () => emulator.requests.slice(before).filter(({ path }) => /token|exchange/.test(path))
  return () => since().map(({ status }) => status)
}

describe('getToken', () => {
  test.each(['oauth_server_to_server', 'jwt'] as const)('of %s contexts: one request for all', async (kind) => {
    const place = newPlace()
    const programs = await gather(place)
    await programs[0]?.call('context.set', 'machine', withoutEndpoint(emulator.contexts[kind]))
    const asked = watch()
    const tokens = await all(programs, 'getToken', 'machine')
    expect(new Set(tokens).size).toBe(1)
    expect(asked()).toEqual([200])
    expect(await all(programs, 'getToken', 'machine')).toEqual(tokens)
    expect(await all(await gather(place), 'getToken', 'machine')).toEqual(tokens)
    expect(asked()).toEqual([200])
  })

  test('of one process, many times at once, and of the others with it', async () => {
    const programs = (await gather(newPlace())).slice(0, 2)
    await programs[0]?.call('context.set', 'machine', withoutEndpoint(emulator.contexts.jwt))
    const asked = watch()
    const waves = await Promise.all(Array.from({ length: 20 }, () => all(programs, 'getToken', 'machine')))
    expect(new Set(waves.flat()).size).toBe(1)
    expect(asked()).toEqual([200])
  })

  test('with a rotating refresh token: one refresh for all, and none of them uses an old one (S40)', async () => {
    const programs = await gather(newPlace())
    const { client_id, client_secret, scope } = emulator.contexts.oauth
    const url = authorizeUrl(emulator, { client_id, scope, redirect_uri: callback })
    const code = (await createPerson(emulator).visit(url)).url.searchParams.get('code') ?? ''
    const grant = { grant_type: 'authorization_code', code, client_id, client_secret }
    const { body } = await post(`${emulator.url}/ims/token/v3`, grant)
    await programs[0]?.call('context.set', 'person', {
      ...withoutEndpoint(emulator.contexts.oauth),
      access_token: { token: body.access_token, expiry: Date.now() },
      refresh_token: { token: body.refresh_token, expiry: Date.now() + 86_400_000 },
    })
    const seen = new Set<string>()
    const asked = watch()
    for (let round = 1; round <= 4; round++) {
      // at first the token has ended; then each wants another one than it has
      const tokens = await all(programs, 'getToken', 'person', round === 1 ? undefined : { force: true })
      expect(new Set(tokens).size).toBe(1)
      expect(asked()).toEqual(Array(round).fill(200))
      seen.add(tokens[0] ?? '')
    }
    expect(seen.size).toBe(4)
  })

  test('while the one that holds the lock is killed: the others go on (S39, S40)', async () => {
    const place = newPlace()
    const programs = await gather(place)
    await programs[0]?.call('context.set', 'machine', withoutEndpoint(emulator.contexts.oauth_server_to_server))
    const asked = watch()
    emulator.fault({ path: '/ims/token', delay: 60_000 })
    const outcomes = Promise.allSettled(programs.map((program) => program.call<string>('getToken', 'machine')))
    await vi.waitFor(() => expect(asked()).toHaveLength(1), { timeout: 10_000, interval: 10 })
    const holder = programs.find(({ process }) => process.pid === holderOfLock(place))
    expect(holder?.process.kill('SIGKILL')).toBe(true)
    const tokens = (await outcomes).flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(tokens).toHaveLength(crowd - 1)
    expect(new Set(tokens).size).toBe(1)
    expect(asked()).toEqual([0, 200])
  })
})

function holderOfLock({ env }: Place): number {
  const directory = join(env.XDG_STATE_HOME ?? '', 'imskit', 'locks')
  const [lock = ''] = readdirSync(directory).filter((name) => name.endsWith('.lock'))
  return Number(readlinkSync(join(directory, lock)).split(':')[0])
}

test('contexts that are set at the same time are all there', async () => {
  const rounds = 50
  const place = newPlace()
  const programs = await gather(place)
  for (let round = 0; round < rounds; round++) {
    const set = (program: Program, index: number) =>
      program.call('context.set', `of-${index}-${round}`, { index, round }, round % 2 === 0)
    await Promise.all(programs.map(set))
  }
  const names = (path: string) => Object.keys(JSON.parse(readFileSync(path, 'utf8')).ims.contexts)
  expect(names(place.localFile)).toHaveLength((crowd * rounds) / 2)
  expect(names(place.globalFile)).toHaveLength((crowd * rounds) / 2)
  for (const keys of await Promise.all(programs.map((program) => program.call<string[]>('context.keys')))) {
    expect(keys).toHaveLength(crowd * rounds)
  }
})
