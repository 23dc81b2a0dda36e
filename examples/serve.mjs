// Serves examples/script-tag next to the emulator: one IMS and one page, on two origins as in real life.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { startEmulator } from 'imskit/emulator'

const root = new URL('../', import.meta.url)
const page = '/examples/script-tag/'
const served = {
  [page]: ['examples/script-tag/index.html', 'text/html; charset=utf-8'],
  '/examples/design.css': ['examples/design.css', 'text/css; charset=utf-8'],
  '/dist/imskit.js': ['dist/imskit.js', 'text/javascript'],
  '/dist/imskit.js.map': ['dist/imskit.js.map', 'application/json'],
}

/** Starts both; resolves to the address of the page, once it can be opened. */
export async function serve() {
  const emulator = await startEmulator()
  const server = createServer(async ({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost')
    const [file, type] = served[pathname] ?? []
    if (pathname === '/') return response.writeHead(302, { location: page }).end()
    if (file === undefined) return response.writeHead(404).end('Not found')
    const text = await readFile(new URL(file, root), 'utf8')
    response.setHeader('content-type', type)
    response.end(text.replace('name="ims-endpoint" content=""', `name="ims-endpoint" content="${emulator.url}"`))
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, 'localhost', resolve))
  return {
    url: `http://localhost:${server.address().port}${page}`,
    ims: emulator.url,
    async close() {
      server.close()
      server.closeAllConnections()
      await emulator.close()
    },
  }
}
