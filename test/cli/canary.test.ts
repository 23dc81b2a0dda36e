import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commands } from '../../src/adapters/node/cli/commands.ts'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { build } from '../kit/build.ts'
import { newShell } from './command.ts'

// no secret in any output, whatever is asked of whatever context, unless it is asked for

let emulator: RunningEmulator

beforeAll(async () => {
  await build()
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

const canary = () => `canary-${randomBytes(12).toString('hex')}`

test('no command prints a secret that was not asked for (S75, S92)', async () => {
  const shell = newShell(emulator.url, { DEBUG: 'imskit' })
  const secrets: string[] = []
  const secret = () => {
    const made = canary()
    secrets.push(made)
    return made
  }
  const expiry = Date.now() + 3_600_000
  const tokens = () => ({ access_token: { token: secret(), expiry }, refresh_token: { token: secret(), expiry } })
  const { jwt, oauth, oauth_server_to_server: server } = emulator.contexts
  secrets.push(jwt.private_key, ...jwt.private_key.split('\n').filter((line) => line.length > 40))
  const contexts = {
    jwt: { ...jwt, client_secret: secret() },
    server: { ...server, client_secrets: [secret(), secret()], ...tokens() },
    web: { ...oauth, client_secret: secret(), ...tokens() },
    expired: { ...oauth, client_secret: secret(), refresh_token: { token: secret(), expiry } },
    broken: { client_id: 'x', client_secret: secret(), passphrase: secret(), type: 'strange' },
    upper: { CLIENT_ID: 'x', CLIENT_SECRET: secret(), nested: { private_key: secret() } },
  }
  writeFileSync(shell.place.globalFile, JSON.stringify({ ims: { contexts } }), { mode: 0o600 })

  const asked = new Set(['token', 'headers', 'exchange', 'login', 'completion'])
  // those that run until they are stopped, and those that remove what the others need
  const apart = /^(?:emulator|cert|context delete|logout)/
  for (const { name, args } of commands.filter(({ name }) => !asked.has(name) && !apart.test(name))) {
    for (const [index, context] of (args.length === 0 ? ['', ''] : Object.keys(contexts)).entries()) {
      const words = [
        ...name.split(' '),
        ...(context ? [context] : []),
        ...(name === 'context set' ? ['a=b', '--merge'] : []),
      ]
      // each command for a user and for a program; with every context in both ways it would take a minute more
      const { stdout, stderr } = await shell.run([...words, ...(index % 2 === 0 ? [] : ['--json', '--verbose'])])
      const found = secrets.filter((one) => `${stdout}${stderr}`.includes(one))
      expect({ words, found }).toEqual({ words, found: [] })
    }
  }
  // failures of those that print tokens, and of everything that is given a secret in the wrong place
  const misplaced = secret()
  for (const words of [
    ['token', 'jwt'],
    ['token', 'broken'],
    ['token', 'expired', '--force'],
    ['exchange', 'web', '--org', 'x'],
    ['login', 'broken'],
    ['probe', 'server', '--yes', '--verbose'],
    ['probe', 'jwt', '--yes'],
    ['probe', 'web', '--yes', '--json'],
    ['token', `--secret=${misplaced}`],
    ['token', 'a', misplaced],
    ['context', 'set', 'x', misplaced],
    ['context', 'set', 'x', `client_secret=${misplaced}`],
    ['context', 'get', 'x', 'client_secret'],
    ['validate', `eyJhbGciOiJub25lIn0.eyJhIjoiYiJ9.${misplaced}`],
  ]) {
    const { stdout, stderr } = await shell.run(words, { env: { CI: 'true' } })
    const found = secrets.filter((one) => `${stdout}${stderr}`.includes(one))
    expect({ words, found }).toEqual({ words, found: [] })
  }
  // and the search finds what is there: the secret and the refresh token, as an invalidation forgot the access token
  const shown = await shell.run(['context', 'get', 'web', '--show-secrets'])
  expect(secrets.filter((one) => shown.stdout.includes(one))).toHaveLength(2)
  for (const context of Object.keys(contexts)) {
    const { stdout, stderr } = await shell.run(['logout', context, '--verbose'])
    expect({ context, found: secrets.filter((one) => `${stdout}${stderr}`.includes(one)) }).toEqual({
      context,
      found: [],
    })
  }
}, 180_000)
