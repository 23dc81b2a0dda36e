// Runs the worker in workerd, beside an emulated IMS and its sample API: node examples/worker-s2s/start.mjs [port]
import { fileURLToPath } from 'node:url'
import { startEmulator } from 'imskit/emulator'
import { runWorker } from '../in-workerd.mjs'

/** Starts both; resolves to the address of the worker. */
export async function start({ port = 0 } = {}) {
  const emulator = await startEmulator()
  const { client_id, client_secrets } = emulator.contexts.oauth_server_to_server
  return runWorker(new URL('worker.mjs', import.meta.url), {
    emulator,
    port,
    kvNamespaces: ['TOKENS'],
    bindings: {
      CLIENT_ID: client_id,
      CLIENT_SECRET: client_secrets[0],
      IMS: emulator.url,
      API: `${emulator.url}/api/echo`,
    },
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await start({ port: Number(process.argv[2] ?? 0) })
  console.log(`curl ${url} calls an API with a token of the worker's own. Ctrl-C ends it.`)
}
