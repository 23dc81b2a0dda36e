import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TestServer {
  /** Origin without a trailing slash. */
  readonly url: string
  /** Closes connections that are open, too. */
  close(): Promise<void>
}

/** An HTTP server on a free port of this machine. */
export async function startServer(listener: RequestListener, host = '127.0.0.1'): Promise<TestServer> {
  const server = createServer(listener).listen(0, host)
  await once(server, 'listening')
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A port that no program uses now. */
export async function freePort(): Promise<number> {
  const { url, close } = await startServer(() => {})
  await close()
  return Number(new URL(url).port)
}
