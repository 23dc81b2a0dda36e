import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import hjson from 'hjson'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { resultOf, startChild } from '../kit/child.ts'
import { newPlace, type Place } from '../kit/place.ts'
import { withoutEndpoint } from '../kit/ready-made.ts'
import { requestsTo } from './kit/aio.ts'
import { type Library, neighboursWith } from './kit/neighbours.ts'

// a process that uses @adobe/aio-lib-core-config next to the library, as every plug-in of the command `aio` does

type Step = readonly [method: string, ...args: unknown[]]

const steps = fileURLToPath(new URL('fixtures/steps.cjs', import.meta.url))
const cli = {
  'cli.bare-output': false,
  access_token: { token: 'access', expiry: Date.now() + 86_400_000 },
  refresh_token: { token: 'refresh', expiry: Date.now() + 864_000_000 },
}
const person = { client_id: 'app', scope: 'openid' }
const writesOfLibrary: readonly Step[] = [
  ['ims.context.setCli', cli],
  ['ims.context.set', 'person', person, true],
  ['ims.context.setCurrent', 'person'],
]
const writesOfConfig: readonly Step[] = [
  ['config.set', 'console.org', { id: '1', code: 'x@AdobeOrg' }],
  ['config.set', 'project.name', 'app', true],
]
const globalValues = { console: { org: { id: '1', code: 'x@AdobeOrg' } }, ims: { contexts: { cli } } }
const localValues = { project: { name: 'app' }, ims: { config: { current: 'person' }, contexts: { person } } }

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
})
afterAll(() => emulator?.close())

const read = (file: string) => hjson.parse(readFileSync(file, 'utf8')) as Record<string, unknown>

describe.each<[Library]>([['aio-lib-ims'], ['imskit']])('with %s', (library) => {
  let project: string

  beforeAll(async () => {
    project = await neighboursWith(library)
  })

  /** Takes the steps in one process. */
  function take(place: Place, taken: readonly Step[]): Promise<unknown[]> {
    const env = { ...place.env, ...requestsTo({ library, prod: emulator }), NEIGHBOUR: project }
    return resultOf(startChild({ ...place, env }, [process.execPath, steps, JSON.stringify(taken)]))
  }

  const inTurns = writesOfLibrary.flatMap((step, at) => [step, ...writesOfConfig.slice(at, at + 1)])

  test.each<[string, readonly Step[]]>([
    ['the library first', [...writesOfLibrary, ...writesOfConfig]],
    ['the configuration first', [...writesOfConfig, ...writesOfLibrary]],
    ['in turns', inTurns],
  ])('nothing is lost if both write, %s', async (_order, writes) => {
    const place = newPlace()
    const looks: readonly Step[] = [
      ['config.get', 'ims.contexts.cli.refresh_token.token'],
      ['ims.context.get', 'cli'],
      ['config.get', 'console.org.id'],
    ]
    // both have read the files before the first write
    const results = await take(place, [['config.get', 'console'], ['ims.context.keys'], ...writes, ...looks])
    expect(results.slice(-3)).toEqual(['refresh', { name: 'cli', data: cli, local: false }, '1'])
    expect(read(place.globalFile)).toEqual(globalValues)
    expect(read(place.localFile)).toEqual(localValues)
  })

  test('a token that getToken stored survives the writes that follow, and a context set by the configuration is used', async () => {
    const place = newPlace()
    const machine = withoutEndpoint(emulator.contexts.oauth_server_to_server)
    const results = await take(place, [
      ['config.set', 'ims.contexts.machine', machine],
      ['ims.getToken', 'machine'],
      ['config.set', 'console.org', { id: '1' }],
      ['ims.getToken', 'machine'],
      ['config.get', 'ims.contexts.machine.access_token.token'],
    ])
    const [token] = results.slice(1)
    expect(token).toEqual(expect.any(String))
    expect(results.slice(3)).toEqual([token, token])
    expect(read(place.globalFile)).toMatchObject({ console: { org: { id: '1' } }, ims: { contexts: { machine } } })
  })

  test('a context that the configuration deletes no longer exists', async () => {
    const deleted = await take(newPlace(), [
      ['ims.context.setCli', cli],
      ['config.set', 'ims.contexts.cli', undefined],
      ['ims.context.keys'],
      ['ims.context.setCli', { 'cli.bare-output': true }],
      ['config.get', 'ims.contexts.cli'],
    ])
    expect(deleted.slice(2)).toEqual([[], null, { 'cli.bare-output': true }])
  })

  test('an older copy in the same process', async () => {
    const place = newPlace()
    await take(place, [
      ['older.get', 'console'],
      ['config.get', 'console'],
      ['ims.context.setCli', cli],
      ['older.set', 'cloudmanager.id', '2'],
    ])
    const { ims, cloudmanager } = read(place.globalFile)
    expect(cloudmanager).toEqual({ id: '2' })
    // each copy writes what it read itself; only imskit tells every copy
    expect(ims).toEqual(library === 'imskit' ? { contexts: { cli } } : undefined)
  })
})
