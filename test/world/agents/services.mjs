import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { startEmulator } from 'imskit/emulator'
import { fakeClock } from 'imskit/testing'
import { createHandler } from './server.js'

// IMS and an MCP server behind it, as the agents of the page call them

export const clock = fakeClock(Date.now())

/** Both; with `frozen` at a time that the test moves. `options` are those of the guard. */
export async function startServices({ frozen = false, options = {} } = {}) {
  const ims = await startEmulator({ autoLogin: 'user@example.com', ...(frozen && { now: clock.now }) })
  const { client_id: machine } = ims.contexts.oauth_server_to_server
  const { client_id: app } = ims.contexts.oauth_public
  let handler
  /** What the server received and answered. */
  const seen = { statuses: [], tokens: new Set(), methods: [] }
  const listen = getRequestListener(async (request) => {
    const response = await handler(request)
    seen.statuses.push(response.status)
    seen.methods.push(request.method)
    seen.tokens.add(request.headers.get('authorization'))
    return response
  })
  const server = createServer(listen)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${server.address().port}/mcp`
  handler = createHandler({
    allowList: [machine, app],
    scopes: ['openid'],
    endpoint: ims.url,
    resource: url,
    ...(frozen && { clock }),
    ...options,
  })
  return {
    ims,
    seen,
    url,
    async close() {
      server.closeAllConnections()
      server.close()
      await ims.close()
    },
  }
}

/** The text of a tool's answer. */
export const whoami = async (client) => (await client.callTool({ name: 'whoami' })).content[0].text
