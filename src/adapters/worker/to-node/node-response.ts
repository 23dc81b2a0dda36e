import type { NodeResponse } from './node-types.ts'

// about a connection, which is Node's matter (RFC 9110, section 7.6.1)
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])

/** Sends a `Response` by Node's response, as fast as the client reads it. */
export async function sendResponse(
  response: Response,
  outgoing: NodeResponse,
  method: string | undefined,
): Promise<void> {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers)
    if (!ofConnection.has(name) && name !== 'set-cookie') outgoing.setHeader(name, value)
  addCookies(outgoing, response.headers.getSetCookie())
  if (response.body !== null && method !== 'HEAD') await sendBody(response.body, outgoing)
  else await response.body?.cancel()
  outgoing.end()
}

/** Adds `Set-Cookie` lines to those of earlier middleware. */
export function addCookies(outgoing: NodeResponse, lines: readonly string[]): void {
  if (lines.length === 0) return
  const present = [outgoing.getHeader('set-cookie') ?? []].flat().map(String)
  outgoing.setHeader('set-cookie', [...present, ...lines])
}

async function sendBody(body: ReadableStream<Uint8Array>, outgoing: NodeResponse): Promise<void> {
  const reader = body.getReader()
  const cancel = () => void reader.cancel().catch(() => {})
  outgoing.on('close', cancel)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || outgoing.destroyed) break
      if (!outgoing.write(value)) await drained(outgoing)
    }
  } finally {
    outgoing.off('close', cancel)
  }
}

function drained(outgoing: NodeResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off('drain', done)
      outgoing.off('close', done)
      resolve()
    }
    outgoing.on('drain', done)
    outgoing.on('close', done)
  })
}
