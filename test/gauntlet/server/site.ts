import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface Site {
  readonly origin: string
  /** What the pages of one script are told, as JSON. */
  configure(script: string, config: object): void
  close(): void
}

/** Serves a page for each of the bundled scripts, under its name. */
export async function startSite(bundles: string): Promise<Site> {
  const configs = new Map<string, object>()
  const server = createServer((request, response) => {
    const name = /^\/([\w-]+)/.exec(request.url ?? '')?.[1] ?? ''
    if (request.url?.endsWith('.mjs'))
      return response.setHeader('content-type', 'text/javascript').end(readFileSync(join(bundles, `${name}.mjs`)))
    const config = JSON.stringify(configs.get(name) ?? {})
      .replaceAll('&', '&amp;')
      .replaceAll('"', '&quot;')
    response.setHeader('content-type', 'text/html; charset=utf-8')
    return response.end(`<!doctype html><title>${name}</title><link rel="icon" href="data:,">
<meta name="config" content="${config}"><script type="module" src="/${name}.mjs"></script>`)
  }).listen(0, 'localhost')
  await once(server, 'listening')
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    configure: (script, config) => void configs.set(script, config),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
