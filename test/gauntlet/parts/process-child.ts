import { inspect } from 'node:util'
import {
  authorizationCode,
  createClient,
  type LoginClient,
  nodePlatform,
  type Store,
} from '../../../src/adapters/node/index.ts'
import type { Report } from '../judge/reports.ts'
import { eventReporter, type Loop, startLoop } from './client-loop.ts'
import { type Watch, watched } from './watch.ts'

// a process of the gauntlet: a client for each server, all asking for tokens all the time

export interface ChildConfig {
  readonly actor: string
  readonly directory: string
  readonly servers: readonly ServerAddress[]
  readonly pause: number
  /** For the control run: every task runs at once, and no note is found. */
  readonly withoutLock?: boolean
}

export interface ServerAddress {
  readonly name: string
  readonly endpoint: string
  readonly clientId: string
  readonly issuers?: readonly string[] | undefined
  readonly redirectUri: string
}

export type ToChild =
  | { readonly kind: 'start-login'; readonly server: string }
  | { readonly kind: 'finish-login'; readonly server: string; readonly url: string }
  | { readonly kind: 'stop-before-sending' }
  | { readonly kind: 'end' }

export type FromChild =
  | Report
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly url?: string; readonly error?: string }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'ended'; readonly handles: readonly string[] }

const config: ChildConfig = JSON.parse(process.env.GAUNTLET ?? '{}')
const say = (message: FromChild) => void process.send?.(message)
const report = (message: Report) => say(message)
const show = (error: unknown) => inspect(error, { depth: 6 })
let stopBeforeSending = false

process.on('unhandledRejection', (error) => {
  for (const { name } of config.servers) report({ kind: 'text', server: name, text: show(error) })
})

function withoutNotes(store: Store): Store {
  const isNote = (key: string) => key.startsWith('imskit/renewals/')
  return {
    ...store,
    get: async (key) => (isNote(key) ? undefined : store.get(key)),
    set: async (key, value, expiresAt) => (isNote(key) ? undefined : store.set(key, value, expiresAt)),
  }
}

/** The client stands still between its last look and its first byte. */
function beforeSending(): void {
  if (!stopBeforeSending) return
  stopBeforeSending = false
  say({ kind: 'stopping' })
  process.kill(process.pid, 'SIGSTOP')
}

function start({ name, endpoint, clientId, issuers, redirectUri }: ServerAddress): { client: LoginClient; loop: Loop } {
  const watch: Watch = { actor: config.actor, server: name, report, beforeSending }
  const platform = nodePlatform({ directory: config.directory })
  const unlocked = {
    ...platform,
    store: withoutNotes(platform.store),
    lock: <T>(_: string, task: (hold: { stillHeld(): Promise<boolean> }) => Promise<T>) =>
      task({ stillHeld: async () => true }),
  }
  const client = createClient({
    flow: authorizationCode({ clientId, scopes: ['openid', 'offline_access'], redirectUri }),
    endpoint,
    ...(issuers && { issuers }),
    ...watched(config.withoutLock ? unlocked : platform, watch),
    onEvent: eventReporter(name, report),
  })
  return { client, loop: startLoop({ ...watch, client, pause: config.pause, show }) }
}

// without its harness there is nothing to do here
let ended = false
process.on('disconnect', () => {
  if (!ended) process.exit(1)
})

const running = new Map(config.servers.map((server) => [server.name, start(server)]))

/** What still holds the process, once requests on the wire had the time to be answered and stored. */
async function handlesLeft(): Promise<string[]> {
  // sockets that are kept alive for the next request hold no process
  const idle = /^(?:Pipe|TTY|TCPSocket)Wrap$|^Immediate$/
  const held = () => process.getActiveResourcesInfo().filter((name) => !idle.test(name))
  const until = Date.now() + 10_000
  do await new Promise((resolve) => setTimeout(resolve, 100))
  while (held().length > 0 && Date.now() < until)
  return held()
}

async function end(): Promise<void> {
  const stopping = [...running.values()].map(({ loop }) => loop.stop())
  for (const { client } of running.values()) client.close()
  await Promise.all(stopping)
  const handles = await handlesLeft()
  ended = true
  process.send?.({ kind: 'ended', handles } satisfies FromChild, () => process.disconnect())
}

async function act(message: ToChild): Promise<string | undefined> {
  if (message.kind === 'stop-before-sending') stopBeforeSending = true
  else if (message.kind === 'end') await end()
  else if (message.kind === 'start-login') return (await running.get(message.server)?.client.startLogin())?.href
  else await running.get(message.server)?.client.finishLogin(message.url)
  return undefined
}

process.on('message', async (message: ToChild) => {
  const asked = message.kind === 'start-login' || message.kind === 'finish-login'
  try {
    const url = await act(message)
    if (asked) say({ kind: 'answer', ...(url && { url }) })
  } catch (error) {
    if (asked) say({ kind: 'answer', error: show(error) })
  }
})
say({ kind: 'ready' })
