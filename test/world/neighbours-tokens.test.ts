import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { resultOf, startChild } from '../kit/child.ts'
import { newPlace } from '../kit/place.ts'
import { withoutEndpoint } from '../kit/ready-made.ts'
import { newMachine, requestsTo, signInAtShownAddress } from './kit/aio.ts'
import { type Library, neighboursWith } from './kit/neighbours.ts'

// what the official packages do with the library once they are loaded: each asks for its token in its own way

const callNeighbour = fileURLToPath(new URL('fixtures/call-neighbour.cjs', import.meta.url))
const withAccessToken = ['app', 'app-templates', 'console', 'events', 'runtime', 'aem-rde'].map(
  (n) => `aio-cli-plugin-${n}`,
)

interface Context {
  readonly access_token: { readonly token: string }
}

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
})
afterAll(() => emulator?.close())

describe.each<[Library]>([['aio-lib-ims'], ['imskit']])('with %s', (library) => {
  let project: string
  let cli: Context

  const folder = (name: string) => join(project, 'node_modules', '@adobe', name)

  beforeAll(async () => {
    project = await neighboursWith(library)
  })

  test('aio auth login signs in for all of them', async () => {
    const own = newMachine(requestsTo({ library, prod: emulator }))
    const login = own.start(folder('aio-cli-plugin-auth'), ['auth', 'login', '--no-open'])
    await signInAtShownAddress(login, emulator)
    expect(await login.ended).toMatchObject({ code: 0 })
    const ctx = await own.run(folder('aio-cli-plugin-auth'), ['auth', 'ctx', '--json', '--value', '--ctx', 'cli'])
    cli = JSON.parse(ctx.stdout).data
  })

  /** Makes the call in its own process, on the machine of a user who has signed in. */
  function call(name: string): Promise<Record<string, unknown>> {
    const credentials = JSON.stringify(withoutEndpoint(emulator.contexts.oauth_server_to_server))
    const place = newPlace({
      ...requestsTo({ library, prod: emulator }),
      NEIGHBOUR: folder(name),
      CALL: name,
      CREDENTIALS: credentials,
      SERVICE_API_KEY: 'key',
    })
    writeFileSync(place.globalFile, JSON.stringify({ ims: { contexts: { cli } } }))
    return resultOf(startChild(place, [process.execPath, callNeighbour]))
  }

  test.each([...withAccessToken, 'generator-app-common-lib'])('%s uses the token of the login', async (name) => {
    const { token } = cli.access_token
    const result = await call(name)
    expect(result.accessToken).toBe(token)
    if ('header' in result) expect(result.header).toBe(`Bearer ${token}`)
    if ('cached' in result) expect(result.cached).toBe(token)
    if (name !== 'aio-cli-plugin-aem-rde') return
    expect(result.apiKey).toBe('aio-cli-console-auth')
    expect(result.organizations).toEqual({
      'Emulated Org': '0123456789ABCDEF01234567@AdobeOrg',
      'Another Emulated Org': '89ABCDEF0123456789ABCDEF@AdobeOrg',
    })
  })

  test('aio-commerce-lib-auth obtains a token of its own', async () => {
    const before = emulator.requests.length
    const { accessToken, headers } = await call('aio-commerce-lib-auth')
    expect(accessToken).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(headers).toMatchObject({
      Authorization: expect.stringMatching(/^Bearer ./),
      'x-api-key': expect.any(String),
    })
    // it sets its context before each call, which replaces the stored token
    const asked = emulator.requests.slice(before).filter(({ path }) => path.startsWith('/ims/token'))
    expect(asked).toHaveLength(2)
  })
})
