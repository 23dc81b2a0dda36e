import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createNodeIms } from '../../src/adapters/node/compat.ts'
import { aioConfig } from '../../src/adapters/node/config/aio-config.ts'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { failureOf } from '../core/scripted-server.ts'
import { createPerson } from '../emulator/person.ts'
import { removeDirectory, temporaryDirectory } from './fixtures/scripts.ts'

// the command `aio auth login` runs without a terminal, and in CI, for a user who opens the printed address elsewhere

let root: string
let emulator: RunningEmulator
beforeAll(async () => {
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
})
afterAll(() => emulator.close())
beforeEach(() => {
  root = temporaryDirectory()
  mkdirSync(join(root, 'home'))
})
afterEach(() => removeDirectory(root))

/** A process in CI without a terminal; its user signs in at each address that it prints, unless nobody is there. */
function imsInCi({ isThere = true } = {}) {
  const printed: URL[] = []
  const output = (line: string) => {
    const [, address = ''] = /sign in:\n\n\s*(\S+)\n/.exec(line) ?? []
    if (address === '') return
    printed.push(new URL(address))
    if (isThere) void signIn(new URL(address))
  }
  const signIn = async (address: URL) => {
    const { url } = await createPerson(emulator).visit(address)
    await fetch(url, { redirect: 'manual' })
  }
  const ims = createNodeIms({
    directory: join(root, 'state'),
    config: aioConfig({ cwd: root, home: join(root, 'home'), env: { AIO_IMS_CONFIG_ENDPOINT: emulator.url } }),
    interactive: () => false,
    relay: { baseUrl: `${emulator.url}/api/v1/web/default/applogin` },
    login: { output, env: { CI: 'true' }, open: () => {} },
  })
  return { ims, printed }
}

const contextOf = (name: string) => (name === 'cli' ? { 'cli.bare-output': true } : emulator.contexts.oauth_public)

describe.each(['user', 'cli'])('a %s context without a terminal, in CI', (name) => {
  test.each([{ open: false }, { forceLogin: true, open: false }, { interaction: 'login', open: false }] as const)(
    'signs in if the call says %j',
    async (options) => {
      const { ims, printed } = imsInCi()
      await ims.context.set(name, contextOf(name))
      const token = await ims.getToken(name, options)
      expect(printed).toHaveLength(1)
      // it is the token of the plain context
      expect(await ims.getToken(name)).toBe(token)
      expect((await ims.context.get(name)).data).toMatchObject({ access_token: { token } })
      expect(await ims.getToken(name, options)).toBe(token)
      expect(printed).toHaveLength(1)
    },
  )

  test.each([
    [{}, 'LOGIN_NOT_POSSIBLE'],
    [{ forceLogin: false }, 'LOGIN_NOT_POSSIBLE'],
    [{ open: true, interaction: 'none' }, 'LOGIN_REQUIRED'],
  ] as const)('does not sign in if the call says %j', async (options, code) => {
    const { ims, printed } = imsInCi()
    await ims.context.set(name, contextOf(name))
    expect(await failureOf(ims.getToken(name, options))).toMatchObject({ code })
    expect(printed).toEqual([])
  })

  test('gives up after its time', async () => {
    const { ims, printed } = imsInCi({ isThere: false })
    await ims.context.set(name, contextOf(name))
    const error = await failureOf(ims.getToken(name, { open: false, timeout: 0.2 }))
    expect(error).toMatchObject({ code: 'TIMEOUT' })
    expect(printed).toHaveLength(1)
  })
})
