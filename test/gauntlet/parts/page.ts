import {
  authorizationCode,
  browserPlatform,
  createClient,
  type LoginClient,
} from '../../../src/adapters/browser/index.ts'
import type { Report } from '../judge/reports.ts'
import { eventReporter, type Loop, startLoop } from './client-loop.ts'
import type { ServerAddress } from './process-child.ts'
import { type Watch, watched } from './watch.ts'

// a tab of the gauntlet: a client for each server, all asking for tokens all the time

export interface PageConfig {
  readonly servers: readonly ServerAddress[]
  readonly pause: number
}

declare global {
  interface Window {
    /** Of the harness: takes a report of this tab. */
    readonly gauntletReport: (actor: string, report: Report) => Promise<void>
    readonly gauntlet: {
      startLogin(server: string): Promise<string>
      finishLogin(server: string, url: string): Promise<void>
      /** Closes the clients; resolves to the locks that are left. */
      end(): Promise<string[]>
    }
  }
}

const config: PageConfig = JSON.parse(document.querySelector<HTMLMetaElement>('meta[name=config]')?.content ?? '{}')
const actor = location.hash.slice(1)
const report = (message: Report) => void window.gauntletReport(actor, message)
// everything that an error holds, also what only a debugger shows
const show = (error: unknown): string =>
  error instanceof Error
    ? [error.stack, JSON.stringify(Object.fromEntries(Object.entries(error))), error.cause && show(error.cause)].join(
        '\n',
      )
    : String(error)

function start({ name, endpoint, clientId, issuers, redirectUri }: ServerAddress): { client: LoginClient; loop: Loop } {
  const watch: Watch = { actor, server: name, report }
  const client = createClient({
    flow: authorizationCode({ clientId, scopes: ['openid', 'offline_access'], redirectUri }),
    endpoint,
    ...(issuers && { issuers }),
    ...watched(browserPlatform({ redirectUri }), watch),
    onEvent: eventReporter(name, report),
  })
  return { client, loop: startLoop({ ...watch, client, pause: config.pause, show }) }
}

const running = new Map(config.servers.map((server) => [server.name, start(server)]))

function clientOf(server: string): LoginClient {
  const found = running.get(server)
  if (found === undefined) throw new Error(`no server ${server}`)
  return found.client
}

/** What is still locked, once requests on the wire had the time to be answered and stored. */
async function locksLeftAtLast(): Promise<string[]> {
  const until = Date.now() + 10_000
  let left = await locksLeft()
  while (left.length > 0 && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    left = await locksLeft()
  }
  return left
}

/** Of this tab: the browser lists those of all tabs, and what it calls this one shows only beside a lock of its own. */
async function locksLeft(): Promise<string[]> {
  return navigator.locks.request(actor, async () => {
    const { held = [], pending = [] } = await navigator.locks.query()
    const self = held.find(({ name }) => name === actor)?.clientId
    const mine = [...held, ...pending].filter(({ name, clientId }) => clientId === self && name !== actor)
    return mine.map(({ name }) => name ?? '')
  })
}

Object.assign(window, {
  gauntlet: {
    startLogin: async (server: string) => (await clientOf(server).startLogin()).href,
    finishLogin: async (server: string, url: string) => void (await clientOf(server).finishLogin(url)),
    async end() {
      const stopping = [...running.values()].map(({ loop }) => loop.stop())
      for (const { client } of running.values()) client.close()
      await Promise.all(stopping)
      return locksLeftAtLast()
    },
  },
})
