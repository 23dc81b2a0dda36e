import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import {
  type DispatchFetch,
  Miniflare,
  Response as MiniflareResponse,
  type Request as OutgoingRequest,
  type WorkerOptions as WorkerOptionsOfMiniflare,
} from 'miniflare'
import { onTestFinished } from 'vitest'

/** A worker in a workerd of its own, with real KV and Durable Objects, and without Node's modules. */
export interface RunningWorker {
  readonly url: URL
  /** Sends a request to the worker, past the network; of several isolates to the next. */
  readonly fetch: DispatchFetch
  readonly miniflare: Miniflare
  /** What the worker sent, oldest first. */
  readonly outgoing: readonly { readonly method: string; readonly url: string }[]
  /** Ends it before the test does. */
  end(): Promise<void>
}

export interface WorkerOptions {
  /** Name of a file in `fixtures`, without `.ts`. */
  readonly fixture: string
  /** JSON values in `env`. */
  readonly bindings?: Record<string, unknown>
  /** Classes that the fixture exports, by the name of their binding. */
  readonly durableObjects?: Record<string, string>
  /** Names of KV bindings. */
  readonly kv?: readonly string[]
  readonly compatibilityDate?: string
  /** How many isolates run it, over the same KV and Durable Objects; default 1. */
  readonly isolates?: number
  /** Where state is kept between two runs; by default it ends with the worker. */
  readonly persist?: string
}

const bundles = new Map<string, Promise<string>>()

/** What a bundler for workers makes of `input`. */
export async function bundleForWorkers(input: Pick<BuildOptions, 'entryPoints' | 'stdin'>): Promise<string> {
  const { outputFiles } = await build({
    ...input,
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'import'],
  })
  return outputFiles?.[0]?.text ?? ''
}

/** A fixture as a bundler for workers makes it. */
export function bundleFixture(name: string): Promise<string> {
  const bundled =
    bundles.get(name) ?? bundleForWorkers({ entryPoints: [join(import.meta.dirname, 'fixtures', `${name}.ts`)] })
  bundles.set(name, bundled)
  return bundled
}

/** Starts one for a file of tests; call it in `beforeAll`, and return its `end`. */
export async function startSharedWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { fixture, bindings = {}, durableObjects = {}, kv = ['KV'], persist, isolates = 1 } = options
  const outgoing: { method: string; url: string }[] = []
  const contents = await bundleFixture(fixture)
  const names = Array.from({ length: isolates }, (_, index) => `isolate-${index}`)
  const [first = ''] = names
  const worker = (name: string): WorkerOptionsOfMiniflare => ({
    name,
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents }],
    compatibilityDate: options.compatibilityDate ?? '2026-04-01',
    compatibilityFlags: [],
    bindings: bindings as Record<string, never>,
    kvNamespaces: Object.fromEntries(kv.map((binding) => [binding, binding])),
    durableObjects: Object.fromEntries(
      Object.entries(durableObjects).map(([name, className]) => [
        name,
        { className, useSQLite: true, scriptName: first },
      ]),
    ),
    async outboundService(request: OutgoingRequest) {
      outgoing.push({ method: request.method, url: request.url })
      const body = request.body === null ? null : await request.arrayBuffer()
      const answer = await fetch(request.url, {
        method: request.method,
        headers: [...request.headers],
        body,
        redirect: 'manual',
      })
      return new MiniflareResponse(answer.body === null ? null : await answer.arrayBuffer(), {
        status: answer.status,
        headers: [...answer.headers].filter(([name]) => !/^(?:content-encoding|transfer-encoding)$/.test(name)),
      })
    },
  })
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    workers: names.map(worker),
    ...(persist !== undefined && { kvPersist: `${persist}/kv`, durableObjectsPersist: `${persist}/objects` }),
  })
  let ended: Promise<void> | undefined
  const end = () => {
    ended ??= miniflare.dispose()
    return ended
  }
  const url = await miniflare.ready
  let asked = 0
  const inTurn = async (...request: Parameters<DispatchFetch>) => {
    const isolate = await miniflare.getWorker(names[asked++ % isolates])
    return isolate.fetch(...(request as Parameters<typeof isolate.fetch>)) as unknown as ReturnType<DispatchFetch>
  }
  return { url, fetch: isolates === 1 ? miniflare.dispatchFetch : inTurn, miniflare, outgoing, end }
}

/** Starts one that ends with the test. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const worker = await startSharedWorker(options)
  onTestFinished(worker.end)
  return worker
}
