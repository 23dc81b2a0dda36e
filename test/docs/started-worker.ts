import { Miniflare, Response as MiniflareResponse } from 'miniflare'
import { onTestFinished } from 'vitest'
import { bundleForWorkers } from '../worker/workerd.ts'
import { type Block, root } from './blocks.ts'
import { type ImsOfThePages, publicIms } from './ims-of-the-pages.ts'

export interface WorkerOptions {
  /** The project whose packages the Worker imports. Default: this one. */
  readonly folder?: string
  /** Variables that the Worker does not get. */
  readonly without?: readonly string[]
  /** An IMS for the Worker at this address, without the emulator. */
  readonly endpoint?: string
}

interface Outbound {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  arrayBuffer(): Promise<ArrayBuffer>
}

/** Runs a block as a Worker, with the emulator in place of IMS and its sample API in place of every API. */
export async function startWorker(
  { code }: Block,
  ims: ImsOfThePages,
  { folder = root, without = [], endpoint }: WorkerOptions = {},
): Promise<Miniflare> {
  const contents = await bundleForWorkers({ stdin: { contents: code, resolveDir: folder, loader: 'ts' } })
  const { IMS_HERE: _, ...variables } = ims.environmentOf('oauth_server_to_server')
  const bindings = {
    ...variables,
    IMS_CLIENT_ID: variables.CLIENT_ID,
    IMS_CLIENT_SECRET: variables.CLIENT_SECRET,
    ENCRYPTION_SECRET: crypto.randomUUID() + crypto.randomUUID(),
    SESSION_SECRET: crypto.randomUUID() + crypto.randomUUID(),
    ...(endpoint !== undefined && { IMS_ENDPOINT: endpoint }),
  }
  const miniflare = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents }],
    compatibilityDate: '2026-04-01',
    kvNamespaces: ['TOKENS', 'SESSIONS'],
    ...(/export \{ ImsLock \}/.test(code) && { durableObjects: { IMS: { className: 'ImsLock', useSQLite: true } } }),
    bindings: Object.fromEntries(Object.entries(bindings).filter(([name]) => !without.includes(name))),
    serviceBindings: { ASSETS: () => new MiniflareResponse('the page') },
    ...(endpoint === undefined && { outboundService: (request: Outbound) => answerTo(request, ims) }),
  } as ConstructorParameters<typeof Miniflare>[0])
  onTestFinished(() => miniflare.dispose())
  await miniflare.ready
  return miniflare
}

async function answerTo(request: Outbound, ims: ImsOfThePages): Promise<MiniflareResponse> {
  const target = new URL(request.url).origin === publicIms ? request.url : `${publicIms}/api/echo`
  const body = ['GET', 'HEAD'].includes(request.method) ? {} : { body: await request.arrayBuffer() }
  const answer = await ims.fetch(target, { method: request.method, headers: [...request.headers], ...body })
  return new MiniflareResponse(await answer.arrayBuffer(), { status: answer.status, headers: [...answer.headers] })
}
