import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { type Ended, resultOf } from '../kit/child.ts'
import { newPlace } from '../kit/place.ts'
import { withoutEndpoint } from '../kit/ready-made.ts'
import { type StateService, startState } from '../kit/state-service.ts'
import { buildAction, startAction } from './kit/actions.ts'
import { linkTree } from './kit/link-tree.ts'
import { imskitAlone, type Library, neighboursWith } from './kit/neighbours.ts'

// an action built by @adobe/aio-lib-runtime, as `aio app deploy` does, and run alone in an empty folder

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
const key = 'ims..ns.app.main.contexts.machine'

let emulator: RunningEmulator
let state: StateService

beforeAll(async () => {
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
  state = await startState()
})
beforeEach(() => {
  state.values.clear()
  state.requests.length = 0
})
afterAll(async () => {
  await state?.close()
  await emulator?.close()
})

const tokenRequests = () => emulator.requests.filter(({ path }) => path.startsWith('/ims/token')).length

/** Builds the action in `app`; the folder of what is uploaded. */
async function buildIn(app: string): Promise<string> {
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true }')
  cpSync(fixture('action.js'), join(app, 'action.js'))
  return buildAction(app, 'action.js')
}

interface Run {
  readonly tokens: readonly string[]
  readonly printed: Ended
}

/** A new container with a copy of the built files. */
async function runAction(built: string, { library = 'imskit' as Library, runs = 1, debug = '' } = {}): Promise<Run> {
  const place = newPlace({
    __OW_ACTION_NAME: '/ns/app/main',
    __OW_NAMESPACE: '12345-project',
    __OW_API_KEY: 'the-api-key',
    AIO_STATE_ENDPOINT: state.url,
    DEBUG: debug,
    ...(library === 'imskit' && { AIO_IMS_CONFIG_ENDPOINT: emulator.url }),
  })
  cpSync(built, place.cwd, { recursive: true })
  if (library === 'aio-lib-ims') pointToEmulator(place.cwd)
  const params = { credentials: withoutEndpoint(emulator.contexts.oauth_server_to_server), runs }
  const child = startAction(place, params)
  const { body } = await resultOf<{ body: { tokens: string[] } }>(child)
  return { tokens: body.tokens, printed: await child.ended }
}

/** The bundle of @adobe/aio-lib-ims names its hosts in constants. */
function pointToEmulator(folder: string): void {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.js'))) {
    const text = readFileSync(join(folder, name), 'utf8')
    writeFileSync(join(folder, name), text.replaceAll('https://ims-na1.adobelogin.com', emulator.url))
  }
}

describe('an action built by @adobe/aio-lib-runtime', () => {
  // @adobe/aio-lib-ims 8 reads tokens from State, but getToken stores none there
  test.each<[Library, number]>([
    ['aio-lib-ims', 2],
    ['imskit', 1],
  ])('with %s and aio-lib-state asks IMS %i times for two containers', async (library, asked) => {
    const app = mkdtempSync(join(await neighboursWith(library), 'app-'))
    try {
      const built = await buildIn(app)
      const before = tokenRequests()
      const { tokens } = await runAction(built, { library })
      expect(tokens).toEqual([expect.any(String)])
      const next = await runAction(built, { library })
      expect(next.tokens).toEqual([expect.any(String)])
      expect(tokenRequests()).toBe(before + asked)
      if (asked > 1) return
      expect(next.tokens).toEqual(tokens)
      expect(state.values.get(key)?.value).toContain(tokens[0])
    } finally {
      rmSync(app, { recursive: true, force: true })
    }
  })

  test('with imskit and without aio-lib-state keeps its token in memory and says so once', async () => {
    const { cwd: app } = newPlace()
    mkdirSync(join(app, 'node_modules'))
    linkTree(join(await imskitAlone(), 'node_modules'), join(app, 'node_modules'))
    const built = await buildIn(app)
    const before = tokenRequests()
    const { tokens, printed } = await runAction(built, { runs: 3, debug: 'imskit' })
    expect(new Set(tokens).size).toBe(1)
    expect(tokenRequests()).toBe(before + 1)
    expect(state.requests).toEqual([])
    expect(printed.stderr.match(/store-degraded/g)).toHaveLength(1)
  })
})
