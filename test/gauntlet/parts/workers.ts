import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Miniflare, Response as MiniflareResponse, type Request as OutgoingRequest } from 'miniflare'
import { heard, type Report } from '../judge/reports.ts'
import type { Front } from '../server/front.ts'
import { oneOf, type Part, type Setting, visit } from './part.ts'

interface State extends Setting {
  readonly miniflare: Miniflare
  readonly isolates: readonly string[]
  /** When each call under way began. */
  readonly calls: Set<number>
  ending: boolean
}

interface Answer {
  readonly token?: string
  readonly url?: string
  readonly code?: string
  readonly text?: string
}

const name = 'workers'
const redirectUri = 'http://127.0.0.1/callback'
/** Requests that each isolate serves at once, for each server. */
const crowd = 2

/** Isolates of one workerd over the same Durable Objects and the same KV. */
export async function startWorkers(setting: Setting, { count }: { count: number }): Promise<Part> {
  const isolates = Array.from({ length: count }, (_, index) => `${name}-${index}.0`)
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    workers: isolates.map((actor) => workerOf(setting, isolates, actor)),
  })
  await miniflare.ready
  const state: State = { ...setting, miniflare, isolates, calls: new Set(), ending: false }
  const loops = isolates.flatMap((actor) =>
    setting.fronts.flatMap((front) => [
      ...Array.from({ length: crowd }, () => keepCalling(state, actor, front, '/token')),
      ...(front.engine.name === 'strict' ? [keepCalling(state, actor, front, '/machine')] : []),
    ]),
  )
  return {
    name,
    omitted: [],
    // an isolate shows no handles
    countsHandles: false,
    disturb: () => reset(state),
    signIn: (front) => signIn(state, front),
    kill: () => {},
    calm: async () => {},
    waiting: () => Math.max(0, ...[...state.calls].map((began) => performance.now() - began)),
    async end() {
      state.ending = true
      await Promise.race([Promise.all(loops), sleep(5_000, undefined, { ref: false })])
      await miniflare.dispose()
    },
  }
}

function workerOf({ bundles, fronts, judge }: Setting, isolates: readonly string[], actor: string) {
  const [first = ''] = isolates
  const servers = fronts.map(({ engine, url }) => ({
    name: engine.name,
    clientId: engine.clientId,
    endpoint: url,
    redirectUri,
    ...(engine.issuers && { issuers: [...engine.issuers] }),
  }))
  return {
    name: actor,
    modules: [
      { type: 'ESModule' as const, path: 'worker.mjs', contents: readFileSync(join(bundles, 'worker.mjs'), 'utf8') },
    ],
    compatibilityDate: '2026-04-01',
    bindings: { actor, servers },
    kvNamespaces: { KV: 'KV' },
    durableObjects: { IMS: { className: 'ImsLock', useSQLite: true, scriptName: first } },
    async outboundService(request: OutgoingRequest) {
      const body = request.body === null ? null : await request.text()
      if (new URL(request.url).hostname === 'gauntlet.invalid') {
        heard(judge, actor, JSON.parse(body ?? '{}') as Report)
        return new MiniflareResponse(null, { status: 204 })
      }
      const answer = await fetch(request.url, {
        method: request.method,
        headers: [...request.headers],
        body,
        redirect: 'manual',
      })
      const headers = [...answer.headers].filter(
        ([header]) => !/^(?:content-encoding|content-length|transfer-encoding)$/.test(header),
      )
      return new MiniflareResponse(await answer.text(), { status: answer.status, headers })
    },
  }
}

async function ask({ miniflare }: State, actor: string, path: string): Promise<Answer> {
  const worker = await miniflare.getWorker(actor)
  return (await (await worker.fetch(`http://worker${path}`)).json()) as Answer
}

async function keepCalling(state: State, actor: string, { engine }: Front, path: string): Promise<true> {
  const { judge, calls } = state
  const server = engine.name
  while (!state.ending) {
    const began = Date.now()
    const call = performance.now()
    calls.add(call)
    const force = path === '/token' && Math.random() < 0.01 ? '&force' : ''
    const watching = setInterval(
      () => heard(judge, actor, { kind: 'status', server, calls: 0, waiting: performance.now() - call }),
      1_000,
    )
    const answer = await ask(state, actor, `${path}?server=${server}${force}`).catch(
      (error) => ({ code: 'CRASHED', text: String(error) }) as Answer,
    )
    clearInterval(watching)
    calls.delete(call)
    heard(judge, actor, { kind: 'status', server, calls: 1, waiting: 0 })
    if (answer.token !== undefined) heard(judge, actor, { kind: 'token', server, accessToken: answer.token })
    else heard(judge, actor, { kind: 'failed', server, began, code: answer.code ?? '', text: answer.text ?? '' })
    await sleep(200 + Math.random() * 400)
  }
  return true
}

/** As a deployment does: what the object has in memory is gone, and requests to it fail. */
async function reset(state: State): Promise<void> {
  const front = oneOf(state.fronts)
  const [first = ''] = state.isolates
  if (Math.random() < 0.5) await ask(state, first, `/reset?server=${front?.engine.name}`).catch(() => {})
}

async function signIn(state: State, { engine }: Front): Promise<void> {
  const actor = oneOf(state.isolates) ?? ''
  const { url = '', text } = await ask(state, actor, `/start-login?server=${engine.name}`)
  if (url === '') throw new Error(text)
  const back = await visit(url, redirectUri)
  const { code, text: failure } = await ask(
    state,
    actor,
    `/finish-login?server=${engine.name}&url=${encodeURIComponent(back)}`,
  )
  if (code !== undefined) throw new Error(failure)
}
