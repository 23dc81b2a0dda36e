import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A product API on its own origin. The app may call it, and tests can make it refuse. */
export interface Api {
  readonly origin: string
  readonly requests: { method: string; headers: IncomingHttpHeaders }[]
  refuses: (token: string) => boolean
  /** The headers that it allows pages to send. */
  allowed: string
  /** What it answers to a token that it does not refuse. */
  status: number
  /** Where it sends every call on to. */
  elsewhere?: string | undefined
  close(): void
}

/** On 127.0.0.1; every caller is allowed. */
export async function startApi(): Promise<Api> {
  const requests: Api['requests'] = []
  const server: Server = createServer(({ method = '', headers }, response) => {
    requests.push({ method, headers })
    response.setHeader('access-control-allow-origin', headers.origin ?? '')
    response.setHeader('access-control-allow-headers', api.allowed)
    if (method === 'OPTIONS') return response.writeHead(204).end()
    if (api.elsewhere !== undefined) return response.writeHead(307, { location: api.elsewhere }).end()
    const token = headers.authorization?.replace('Bearer ', '') ?? ''
    response
      .writeHead(api.refuses(token) ? 401 : api.status, { 'content-type': 'application/json' })
      .end('{"answer":42}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const api: Api = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    refuses: () => false,
    allowed: 'authorization, x-api-key, content-type',
    status: 200,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return api
}
