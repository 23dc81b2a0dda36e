// Runs the script twice, beside an emulated IMS and its sample API: node examples/node-script/start.mjs
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmulator } from 'imskit/emulator'

const script = fileURLToPath(new URL('script.mjs', import.meta.url))
const emulator = await startEmulator()
const { client_id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
const state = await mkdtemp(join(tmpdir(), 'imskit-node-script-'))
const env = {
  ...process.env,
  AIO_IMS_CONFIG_ENDPOINT: emulator.url,
  XDG_STATE_HOME: state,
  CLIENT_ID: client_id,
  CLIENT_SECRET: client_secrets[0],
  ORG_ID: ims_org_id,
  API_URL: `${emulator.url}/api/echo`,
}

for (const run of ['first', 'second']) {
  console.log(`The ${run} run:`)
  const [code] = await once(spawn(process.execPath, [script], { env, stdio: 'inherit' }), 'close')
  process.exitCode ||= code
}
const asked = emulator.requests.filter(({ path }) => path === '/ims/token/v3').length
console.log(`IMS was asked for ${asked} token: the second run found that of the first.`)
await emulator.close()
await rm(state, { recursive: true, force: true })
