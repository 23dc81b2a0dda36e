import { Miniflare, Response as MiniflareResponse } from 'miniflare'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { build, buildSite } from '../kit/build.ts'
import { bundleForWorkers } from '../worker/workerd.ts'
import { type Block, blocksIn, root } from './blocks.ts'
import { type ImsOfThePages, publicIms, startImsOfThePages } from './ims-of-the-pages.ts'
import { asShown, emptyFolder } from './quickstarts.ts'

let ims: ImsOfThePages

beforeAll(async () => {
  await build()
  ims = await startImsOfThePages()
}, 300_000)
afterAll(() => ims.close())

/** Runs a block as a worker, with the emulator in place of IMS and its sample API in place of every API. */
async function start({ code }: Block, folder = root): Promise<Miniflare> {
  const contents = await bundleForWorkers({ stdin: { contents: code, resolveDir: folder, loader: 'ts' } })
  const { IMS_HERE: _, ...variables } = ims.environmentOf('oauth_server_to_server')
  const miniflare = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents }],
    compatibilityDate: '2026-04-01',
    kvNamespaces: ['TOKENS', 'SESSIONS'],
    ...(/export \{ ImsLock \}/.test(code) && { durableObjects: { IMS: { className: 'ImsLock', useSQLite: true } } }),
    bindings: {
      ...variables,
      IMS_CLIENT_ID: variables.CLIENT_ID,
      IMS_CLIENT_SECRET: variables.CLIENT_SECRET,
      ENCRYPTION_SECRET: crypto.randomUUID() + crypto.randomUUID(),
      SESSION_SECRET: crypto.randomUUID() + crypto.randomUUID(),
    },
    serviceBindings: { ASSETS: () => new MiniflareResponse('the page') },
    async outboundService(request: {
      url: string
      method: string
      headers: Headers
      arrayBuffer(): Promise<ArrayBuffer>
    }) {
      const url = new URL(request.url)
      const target = url.origin === publicIms ? request.url : `${publicIms}/api/echo`
      const body = ['GET', 'HEAD'].includes(request.method) ? {} : { body: await request.arrayBuffer() }
      const answer = await ims.fetch(target, { method: request.method, headers: [...request.headers], ...body })
      return new MiniflareResponse(await answer.arrayBuffer(), { status: answer.status, headers: [...answer.headers] })
    },
  } as ConstructorParameters<typeof Miniflare>[0])
  onTestFinished(() => miniflare.dispose())
  await miniflare.ready
  return miniflare
}

const workers = blocksIn('worker').map((block) => [block.at, block] as const)

describe('the workers of the documentation', () => {
  test('are there', () => expect(workers.length).toBeGreaterThan(1))

  test.each(workers)('%s runs as it stands', async (_, block) => {
    const worker = await start(block)
    const guards = block.code.includes('requireToken')
    const answer = await worker.dispatchFetch(`https://app.example/${guards ? 'api/me' : ''}`)
    expect(answer.status, await answer.clone().text()).toBe(guards ? 401 : 200)
  })
})

describe('a quickstart', () => {
  test.each(workers.filter(([, { words }]) => words.includes('quickstart')))(
    '%s, as the site shows it, gives a token in an empty folder',
    { timeout: 300_000 },
    async (_, block) => {
      await buildSite()
      const worker = await start(asShown(block), await emptyFolder())
      expect(await (await worker.dispatchFetch('https://app.example/')).text()).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/)
    },
  )
})
