// Serves the app with an IMS and an API beside it, each on an origin of its own, as in real life:
// `node examples/spa/start.mjs`
import { createServer } from 'node:http'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { startEmulator } from 'imskit/emulator'
import { createServer as createVite } from 'vite'

/** An API that lets the app call it and asks the emulator whose token it was sent. */
async function startApi(ims) {
  const server = createServer(async (request, response) => {
    const { origin = '', authorization = '', 'x-api-key': key = '' } = request.headers
    response.setHeader('access-control-allow-origin', origin)
    response.setHeader('access-control-allow-headers', 'authorization, x-api-key')
    if (request.method === 'OPTIONS') return response.writeHead(204).end()
    const answer = await fetch(`${ims}/api/echo`, { headers: { authorization, 'x-api-key': key } })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  await new Promise((resolve) => server.listen(0, 'localhost', resolve))
  return server
}

/** Starts all three; resolves to the address of the app, once it can be opened. */
export async function start({ root = fileURLToPath(new URL('.', import.meta.url)), emulator: options = {} } = {}) {
  const emulator = await startEmulator(options)
  const api = await startApi(emulator.url)
  Object.assign(process.env, {
    VITE_CLIENT_ID: emulator.contexts.oauth_public.client_id,
    VITE_IMS_ENDPOINT: emulator.url,
    VITE_API: `http://localhost:${api.address().port}`,
  })
  const vite = await createVite({ root, configFile: false, server: { port: 0, host: 'localhost' }, logLevel: 'warn' })
  await vite.listen()
  const { port } = vite.httpServer.address()
  return {
    url: `http://localhost:${port}/`,
    emulator,
    async close() {
      await vite.close()
      api.close()
      api.closeAllConnections()
      await emulator.close()
    },
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { url, emulator } = await start()
  console.log(`The app:      ${url}\nIts IMS:      ${emulator.url} (any password will do)\n\nCtrl-C ends both.`)
}
