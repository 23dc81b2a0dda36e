import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { startEmulator } from '../../src/emulator/index.ts'
import { build, root } from '../kit/build.ts'
import { newPlace } from '../kit/place.ts'

beforeAll(build, 300_000)

const run = promisify(execFile)

test('one command runs the script twice, with one token', async () => {
  const { stdout, stderr } = await run(process.execPath, ['examples/node-script/start.mjs'], { cwd: root })
  expect(stdout.match(/client_id: 'emulator-server-to-server'/g)).toHaveLength(2)
  expect(stdout).toContain('IMS was asked for 1 token')
  expect(stdout + stderr).not.toMatch(/eyJ|emulator-first-secret/)
})

test('the script says what an API that refuses it answered, and fails', async () => {
  const emulator = await startEmulator()
  onTestFinished(() => emulator.close())
  emulator.fault({ path: '/api/echo', status: 403, body: 'not for you' })
  const { client_id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
  const { cwd, env } = newPlace({
    AIO_IMS_CONFIG_ENDPOINT: emulator.url,
    CLIENT_ID: client_id,
    CLIENT_SECRET: client_secrets[0] ?? '',
    ORG_ID: ims_org_id,
    API_URL: `${emulator.url}/api/echo`,
  })
  const ended = run(process.execPath, [join(root, 'examples/node-script/script.mjs')], { cwd, env })
  await expect(ended).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('403: not for you') })
})
