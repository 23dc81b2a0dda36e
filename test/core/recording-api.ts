import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** An API that answers as told and remembers what came. */
export async function startApi() {
  const seen: Seen[] = []
  const api = {
    seen,
    url: '',
    answer: (_: Seen): { status: number; headers?: Record<string, string> } => ({ status: 200 }),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { method, url, headers } = request
    const came = { method, url, headers, body }
    seen.push(came)
    const { status, headers: answered } = api.answer(came)
    response.writeHead(status, answered).end(`status ${status}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  api.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return api
}
