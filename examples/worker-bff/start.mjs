// Runs the worker in workerd, beside an emulated IMS: node examples/worker-bff/start.mjs [port]
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { startEmulator } from 'imskit/emulator'
import { runWorker } from '../in-workerd.mjs'

/** Starts both; resolves to the address of the page, once it can be opened. */
export async function start({ port = 0 } = {}) {
  const emulator = await startEmulator()
  const { client_id, client_secret, endpoint } = emulator.contexts.oauth
  return runWorker(new URL('worker.mjs', import.meta.url), {
    emulator,
    port,
    durableObjects: { IMS: { className: 'ImsLock', useSQLite: true } },
    loader: { '.html': 'text', '.css': 'text', '.page.js': 'text' },
    bindings: {
      IMS_CLIENT_ID: client_id,
      IMS_CLIENT_SECRET: client_secret,
      IMS_ENDPOINT: endpoint,
      API_URL: `${endpoint}/api/`,
      SESSION_SECRET: randomBytes(48).toString('base64'),
      INSECURE: 'true',
    },
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await start({ port: Number(process.argv[2] ?? 0) })
  console.log(`Open ${url} and sign in as user@example.com with any password. Ctrl-C ends it.`)
}
