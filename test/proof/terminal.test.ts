import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { createPerson } from '../emulator/person.ts'
import { build, built } from '../kit/build.ts'
import { hasTerminals } from '../kit/child.ts'
import { newPlace } from '../kit/place.ts'
import { withoutEndpoint } from '../kit/ready-made.ts'

// a program at a terminal: a user reads, opens a browser and can paste

const hosted = 'https://app.example/callback'
const script = fileURLToPath(new URL('fixtures/terminal-login.mjs', import.meta.url))

let emulator: RunningEmulator

beforeAll(async () => {
  await build()
  const clients = [{ clientId: 'hosted', redirectUris: [hosted] }]
  emulator = await startEmulator({ autoLogin: 'user@example.com', clients })
})
afterAll(() => emulator.close())

/** A program at a terminal of its own, which asks for the token of `data` and says how that ended. */
function atTerminal(data: object, env: Record<string, string> = {}) {
  const place = newPlace({
    PROOF_ENTRY: built('node'),
    PROOF_CONTEXT: JSON.stringify(data),
    AIO_IMS_CONFIG_ENDPOINT: emulator.url,
    ...env,
  })
  const child = spawn('script', ['-qec', `${process.execPath} ${script}`, '/dev/null'], {
    cwd: place.cwd,
    env: place.env,
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    for (const listener of listeners) listener()
  })
  const ended = once(child, 'exit')
  const said = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(text)
        if (match) resolve(match)
      }
      listeners.add(look)
      void ended.then(() => reject(new Error(`ended without saying ${pattern}: ${text}`)))
      look()
    })
  const type = (line: string) => child.stdin.write(`${line}\n`)
  const browse = async () => {
    const [, url = ''] = await said(/Open this address[^\n]*\n\s*\n\s*(\S+)\s*\n/)
    return (await createPerson(emulator).visit(url)).url
  }
  return { said, type, browse, ended }
}

describe.skipIf(!hasTerminals)('getToken at a terminal', () => {
  test('asks by itself, and the process ends afterwards', async () => {
    const program = atTerminal(withoutEndpoint(emulator.contexts.oauth))
    await fetch(await program.browse())
    await program.said(/GOT string/)
    await program.ended
  })

  test('takes the address that the browser could not open', async () => {
    const program = atTerminal(withoutEndpoint(emulator.contexts.oauth_public))
    const back = await program.browse()
    await program.said(/paste the address/)
    const wrong = new URL(back)
    wrong.searchParams.set('state', 'wrong')
    program.type(wrong.href)
    await program.said(/not the address that the login is waiting for/)
    program.type(back.href)
    await program.said(/GOT string/)
    await program.ended
  })

  test('takes the callback address of a page on another host', async () => {
    const program = atTerminal({ client_id: 'hosted', scope: 'openid', redirect_uri: hosted })
    const back = await program.browse()
    expect(back.origin + back.pathname).toBe(hosted)
    await program.said(/paste the address/)
    program.type('nonsense')
    await program.said(/not the address that the login is waiting for/)
    program.type(`  ${back.href}  `)
    await program.said(/GOT string/)
    await program.ended
    const redeemed = emulator.requests.findLast(({ path }) => path === '/ims/token/v3')
    expect(redeemed?.params).toMatchObject({ client_id: 'hosted', redirect_uri: hosted })
  })

  test('does not ask in CI', async () => {
    const program = atTerminal(withoutEndpoint(emulator.contexts.oauth_public), { CI: 'true' })
    await program.said(/FAILED LOGIN_NOT_POSSIBLE/)
    await program.ended
  })

  test('asks no user for a server-to-server credential', async () => {
    const { client_secrets: _, ...data } = withoutEndpoint(emulator.contexts.oauth_server_to_server)
    const program = atTerminal({ ...data, client_secrets: ['wrong'] })
    await program.said(/FAILED HTTP_ERROR/)
    await program.ended
  })
})
