import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build as bundleOf } from 'esbuild'
import type { BrowserContext } from 'playwright'
import { type Block, root } from './blocks.ts'

/** The content delivery network of the pages. */
const network = 'https://cdn.jsdelivr.net/npm/imskit@'

/** What `import.meta.env` has in a block that Vite would serve. */
export type ViteVariables = Readonly<Record<string, string>>

export interface BundleOptions {
  /** The project whose packages the block imports. Default: this one. */
  readonly folder?: string | undefined
  readonly env?: ViteVariables | undefined
  /** Code after that of the block. */
  readonly suffix?: string | undefined
}

/** A block as an app bundles it. */
export async function scriptOf(
  { code, language }: Block,
  { folder = root, env = {}, suffix = '' }: BundleOptions = {},
) {
  const { outputFiles } = await bundleOf({
    stdin: { contents: code + suffix, resolveDir: folder, loader: language === 'tsx' ? 'tsx' : 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"', 'import.meta.env': JSON.stringify(env) },
  })
  return outputFiles[0]?.text ?? ''
}

const page = (script: string, body = '') =>
  `<!doctype html><link rel="icon" href="data:,"><body>${body}<script type="module">${script.replaceAll('</script', '<\\/script')}</script></body>`

/** Paths of a project of AEM Edge Delivery Services, as the block imports them. */
const blockPath = '/blocks/sign-in/sign-in.js'
const decorate = `import decorate from '${blockPath}'\nawait decorate(document.querySelector('.block'))`

/** What a web server has to serve so that a browser runs `block`, by path. */
export async function filesOf(block: Block, options?: BundleOptions): Promise<Map<string, string>> {
  if (block.place === 'block') {
    const login = readFileSync(join(root, 'dist/imskit.login.js'), 'utf8')
    return new Map([
      ['/', page(decorate, '<div class="sign-in block"></div>')],
      [blockPath, block.code],
      ['/scripts/imskit.login.js', login],
    ])
  }
  if (block.language === 'html') return new Map([['/', `<link rel="icon" href="data:,">${block.code}`]])
  return new Map([['/', page(await scriptOf(block, options), '<button></button>')]])
}

/** The package in `folder` in place of the published one. */
export async function provideNetwork(context: BrowserContext, folder = root): Promise<void> {
  await context.route(`${network}**`, (route) => {
    const name = route
      .request()
      .url()
      .slice(network.length)
      .replace(/^[\d.]+\//, '')
    const headers = { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' }
    return route.fulfill({ headers, body: readFileSync(join(folder, name)) })
  })
}

/** An IMS whose requests a test can fail. */
export interface ReachableIms {
  /** The paths of requests that do not reach it. */
  unreachable: RegExp | undefined
}

/** An emulator in place of the server at `address`. */
export async function provideIms(
  context: BrowserContext,
  address: string,
  emulator: { fetch(request: Request): Promise<Response> },
): Promise<ReachableIms> {
  const ims: ReachableIms = { unreachable: undefined }
  await context.route(`${address}/**`, async (route) => {
    const request = route.request()
    if (ims.unreachable?.test(new URL(request.url()).pathname)) return route.abort('connectionrefused')
    const body = request.postData()
    const headers = await request.allHeaders()
    const answer = await emulator.fetch(
      new Request(request.url(), { method: request.method(), headers, ...(body !== null && { body }) }),
    )
    await route.fulfill({
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: Buffer.from(await answer.arrayBuffer()),
    })
  })
  return ims
}
