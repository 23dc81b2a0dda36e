// Serves the API beside an emulated IMS: node examples/express-api/start.mjs [port]
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startEmulator } from 'imskit/emulator'
import { showCalls } from '../caller.mjs'
import { createApp } from './app.mjs'

/** Starts both; resolves to the address of the API. */
export async function start({ port = 0 } = {}) {
  const emulator = await startEmulator()
  const { client_id: caller } = emulator.contexts.oauth_server_to_server
  const server = createApp({ caller, endpoint: emulator.url }).listen(port, 'localhost')
  await once(server, 'listening')
  return {
    url: `http://localhost:${server.address().port}/`,
    emulator,
    async close() {
      server.close()
      server.closeAllConnections()
      await emulator.close()
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await showCalls(await start({ port: Number(process.argv[2] ?? 0) }))
}
