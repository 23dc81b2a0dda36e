import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { resultOf } from '../kit/child.ts'
import { newPlace } from '../kit/place.ts'
import { withoutEndpoint } from '../kit/ready-made.ts'
import { type StateService, startState } from '../kit/state-service.ts'
import { addActionOfTemplate, buildAction, startAction } from './kit/actions.ts'
import { neighboursWith } from './kit/neighbours.ts'
import { typeScript, versions } from './templates/compilers.ts'
import { edit, root } from './templates/projects.ts'

// the action that App Builder's template makes, which gets its token from imskit

const file = 'actions/generic/index.js'
let emulator: RunningEmulator
let state: StateService
let app = ''

/** The action calls an API with a token of its own. */
const withToken = (text: string) =>
  text
    .replace(/(const fetch = .+)/, "$1\nconst { context, getToken } = require('@adobe/aio-lib-ims')")
    .replace(/const apiEndpoint = .+/, "await context.set('generic', params.credentials)")
    .replace(
      'await fetch(apiEndpoint)',
      "await fetch(params.API, { headers: { authorization: 'Bearer ' + await getToken('generic'), 'x-api-key': params.KEY } })",
    )
    .replace("'request to ' + apiEndpoint", "'request to ' + params.API")

beforeAll(async () => {
  emulator = await startEmulator()
  state = await startState()
  app = mkdtempSync(join(await neighboursWith('imskit'), 'app-'))
  await addActionOfTemplate(app)
  edit(join(app, file), withToken)
  // it calls an object with members `object`
  edit(join(app, 'actions/utils.js'), (text) => `// @ts-nocheck\n${text}`)
  const compilerOptions = {
    ...{ checkJs: true, strict: true, noImplicitAny: false, target: 'es2022', lib: ['es2023'], types: ['node'] },
    ...{ module: 'nodenext', typeRoots: [join(root, 'node_modules/@types')] },
  }
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['actions'] }))
})
afterAll(async () => {
  await state?.close()
  await emulator?.close()
  if (app) rmSync(app, { recursive: true, force: true })
})

describe('the action of the template', () => {
  test.each(versions)('compiles with TypeScript %s', async (version) => {
    expect(await typeScript(version, app, '-p', '.')).toEqual([])
  })

  test('is built by @adobe/aio-lib-runtime, and calls an API with its token', async () => {
    const place = newPlace({
      __OW_ACTION_NAME: '/ns/app/main',
      __OW_NAMESPACE: '12345-project',
      __OW_API_KEY: 'the-api-key',
      AIO_STATE_ENDPOINT: state.url,
      AIO_IMS_CONFIG_ENDPOINT: emulator.url,
    })
    cpSync(await buildAction(app, file), place.cwd, { recursive: true })
    const result = await resultOf(
      startAction(place, {
        credentials: withoutEndpoint(emulator.contexts.oauth_server_to_server),
        KEY: emulator.contexts.oauth_server_to_server.client_id,
        API: `${emulator.url}/api/echo`,
        __ow_headers: { authorization: 'Bearer any' },
      }),
    )
    // @adobe/aio-sdk of the template contains @adobe/aio-lib-state
    expect([...state.values.keys()]).toEqual(['ims..ns.app.main.contexts.generic'])
    expect(result).toMatchObject({ statusCode: 200, body: { client_id: 'emulator-server-to-server' } })
  })

  test('does not compile with a wrong argument', async () => {
    const wrong = "const { getToken } = require('@adobe/aio-lib-ims')\ngetToken(12)\n"
    writeFileSync(join(app, 'actions/wrong.js'), wrong)
    expect(await typeScript(7, app, '-p', '.')).toEqual([expect.stringMatching(/wrong\.js/)])
  })
})
