import { startServer } from './server.ts'

/** The State service's documented wire (`/containers/<namespace>/data/<key>`), in memory. */
export interface StateService {
  readonly url: string
  readonly values: Map<string, { value: string; ttl: string | null }>
  /** Methods of the requests so far. */
  readonly requests: string[]
  /** Answers every request with `status` from now on; with `undefined` normally again. */
  refuse(status: number | undefined): void
  close(): Promise<void>
}

export async function startState(): Promise<StateService> {
  const values = new Map<string, { value: string; ttl: string | null }>()
  const requests: string[] = []
  let refusal: number | undefined
  const { url, close } = await startServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://state')
    const key = decodeURIComponent(url.pathname.split('/data/')[1] ?? '')
    requests.push(request.method ?? '')
    let body = ''
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      if (refusal !== undefined) return response.writeHead(refusal).end()
      if (request.method === 'PUT') values.set(key, { value: body, ttl: url.searchParams.get('ttl') })
      const kept = values.get(key)
      if (request.method === 'DELETE') values.delete(key)
      response.writeHead(kept === undefined ? 404 : 200, { 'x-key-expires-ms': '2000000000000' }).end(kept?.value)
    })
  })
  return {
    url,
    values,
    requests,
    refuse(status) {
      refusal = status
    },
    close,
  }
}
