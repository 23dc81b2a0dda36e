import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { startEmulator } from '../../src/emulator/index.ts'
import { build, built, root } from '../kit/build.ts'

// Deno grants one thing at a time; the conformance suite there has them all

test('a Deno that may not read its host name stores tokens under a lock', { timeout: 300_000 }, async () => {
  await build()
  const emulator = await startEmulator()
  const directory = mkdtempSync(join(tmpdir(), 'imskit-deno-'))
  onTestFinished(async () => {
    await emulator.close()
    rmSync(directory, { recursive: true })
  })
  const { client_id, client_secrets, scopes } = emulator.contexts.oauth_server_to_server
  const program = `
    import { clientCredentials, createClient, nodePlatform } from ${JSON.stringify(pathToFileURL(built('node')))}
    const flow = clientCredentials(${JSON.stringify({ clientId: client_id, clientSecret: client_secrets, scopes })})
    const platform = nodePlatform({ directory: ${JSON.stringify(directory)} })
    const ims = createClient({ flow, endpoint: ${JSON.stringify(emulator.url)}, ...platform })
    ims.on('error', (event) => console.log(event))
    console.log((await ims.getToken()).split('.').length)`
  const allowed = ['env', 'net', 'read', 'write'].map((name) => `--allow-${name}`)
  const script = `data:text/javascript,${encodeURIComponent(program)}`
  const run = promisify(execFile)(join(root, 'node_modules/.bin/deno'), ['run', '--no-prompt', ...allowed, script])
  expect(await run).toMatchObject({ stdout: '3\n' })
  expect(readdirSync(directory).length).toBeGreaterThan(0)
})
