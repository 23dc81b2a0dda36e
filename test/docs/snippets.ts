import { type Block, blocks, isForNewcomers, migrated, pages, root } from './blocks.ts'

export { pages, root }

/** Which kind of project a block of code belongs to. */
export type Kind = 'page' | 'react' | 'vite-config' | 'script-tag' | 'block' | 'worker' | 'node' | 'commonjs'

/** A block as a file of a project. */
export interface Snippet {
  /** Page and line of the block. */
  readonly at: string
  /** File name without folder. */
  readonly file: string
  readonly source: string
}

const kindOfPlace: Readonly<Record<string, Kind>> = {
  page: 'page',
  block: 'block',
  webworker: 'page',
  react: 'react',
  config: 'vite-config',
  worker: 'worker',
  node: 'node',
  vitest: 'node',
  playwright: 'node',
  after: 'node',
}

const wordOf = ({ words }: Block, name: string) =>
  words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)

/** A program in JavaScript that shows how a runner mocks; its own tests run it, and a mock has other types than ours. */
const isMocking = ({ place, words, code }: Block) =>
  place === 'jest' ||
  place === 'node-test' ||
  (place === 'vitest' && (/'\.\/app\.js'/.test(code) || words.includes('file=app.js')))

/**
 * Programs of other libraries, and the files of recipes, agents and apps, which `test/world` compiles and runs. That of
 * README is checked as `imskit migrate` leaves it.
 */
const ofWorld: readonly string[] = ['recipe', 'agents', 'app']
const isOfOthers = (block: Block) =>
  (block.place === 'before' && !isForNewcomers(block)) || ofWorld.includes(block.place ?? '')

/** The kind of project of a block; `undefined` for a block that is not ours: commands, and programs of other libraries. */
export function kindOf(block: Block): Kind | undefined {
  const { language, place, code } = block
  if (isOfOthers(block) || isMocking(block)) return undefined
  if (language === 'html') return /<script(?: type="module")?>/.test(code) ? 'script-tag' : undefined
  if (!/^[jt]sx?$/.test(language)) return undefined
  if (/\brequire\(/.test(code)) return 'commonjs'
  return (place === 'fragment' ? wordOf(block, 'in') : kindOfPlace[place ?? '']) as Kind | undefined
}

/** A fragment in a function, because it may return and may use names that its page introduced before. */
function wholeOf({ code }: Block): string {
  const imports = code.match(/^import .*$/gm) ?? []
  return `${imports.join('\n')}\nexport async function fragment() {\n${code.replace(/^import .*$/gm, '')}\n}\n`
}

function sourceOf(block: Block): string {
  if (block.language === 'html')
    return [...block.code.matchAll(/<script(?: type="module")?>(.*?)<\/script>/gs)].map(([, code]) => code).join('\n')
  return block.place === 'fragment' ? wholeOf(block) : migrated(block)
}

/** Other blocks of the page import a block under the name that its opening line says. */
function fileOf(block: Block, kind: Kind): string {
  const at = wordOf(block, 'at')
  if (at !== undefined) return `${at.replace(/^\/|\.js$/g, '')}.ts`
  const name = block.at
    .replace(/^docs\//, '')
    .replace(/\.md:/, '-')
    .toLowerCase()
  if (kind === 'commonjs' || kind === 'block' || (kind === 'script-tag' && !/type="module"/.test(block.code)))
    return `${name}.js`
  return `${name}.${block.language === 'tsx' ? 'tsx' : 'ts'}`
}

/** Every block of README and docs that belongs to one of `kinds`. */
export function snippetsOf(...kinds: readonly Kind[]): Snippet[] {
  return blocks.flatMap((block) => {
    const kind = kindOf(block)
    if (kind === undefined || !kinds.includes(kind)) return []
    return [{ at: block.at, file: fileOf(block, kind), source: sourceOf(block) }]
  })
}

/** The blocks of code that belong to no project, though they are neither commands nor another library's. */
export const homeless = (): string[] =>
  blocks
    .filter(
      (block) =>
        /^[jt]sx?$/.test(block.language) && !isOfOthers(block) && !isMocking(block) && kindOf(block) === undefined,
    )
    .map(({ at }) => at)

/** What the fragments of a page use and do not declare, as a module that declares it for the whole project. */
export const namesOfFragments: Readonly<Partial<Record<Kind, string>>> = {
  page: `declare global { const ims: import('imskit/browser').LoginClient }\nexport {}\n`,
  react: `declare global {
    const ImsProvider: typeof import('imskit/react').ImsProvider
    const router: { navigate(to: string, options: { replace: boolean }): Promise<void> }
    const RouterProvider: (props: { router: typeof router }) => null
  }
  export {}`,
  worker: `
    declare global {
      const auth: import('imskit/worker').AuthHandler
      const request: Request
      const ctx: ExecutionContext
    }
    export {}`,
  node: `
    type Answer = Response | Promise<Response>
    declare global {
      const auth: import('imskit/worker').AuthHandler
      const app: import('hono').Hono
      const Deno: { serve(handler: (request: Request, info: { completed: Promise<void> }) => Answer): unknown }
      const Bun: { serve(options: { fetch(request: Request, server: { requestIP(request: Request): unknown }): Answer }): unknown }
      const test: typeof import('vitest').test
      const options: { readonly name: string }
      const yourStore: (given: typeof options) => import('imskit/node').Store
    }
    export {}`,
}
