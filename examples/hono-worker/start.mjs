// Runs the worker in workerd, beside an emulated IMS: node examples/hono-worker/start.mjs [port]
import { fileURLToPath } from 'node:url'
import { startEmulator } from 'imskit/emulator'
import { showCalls } from '../caller.mjs'
import { runWorker } from '../in-workerd.mjs'

/** Starts both; resolves to the address of the API. */
export async function start({ port = 0 } = {}) {
  const emulator = await startEmulator()
  const { client_id } = emulator.contexts.oauth_server_to_server
  const bindings = { CALLER: client_id, IMS: emulator.url }
  return runWorker(new URL('worker.mjs', import.meta.url), { emulator, port, bindings })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await showCalls(await start({ port: Number(process.argv[2] ?? 0) }))
}
