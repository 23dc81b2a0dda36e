import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { useBrowser } from '../../browser/browser.ts'
import { type Block, blocksOf } from '../../docs/blocks.ts'
import { newPlace } from '../../kit/place.ts'
import { runApp, surviveRestarts } from './backend-app.ts'
import { manifestsOf, useFramework } from './installed.ts'

export interface FrameworkApp {
  /** The name of the recipe in docs/frameworks.md, and of the folder of test/world with the packages. */
  readonly name: string
  /** Where the page says to save the handler. */
  readonly handler: string
  /** The program in `node_modules` that builds, and its arguments. */
  readonly build: readonly string[]
  /** The arguments of Node that start what was built. */
  readonly start: readonly string[]
}

const wordOf = ({ words }: Block, name: string) =>
  words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)

/** Writes what docs/frameworks.md has for a framework, as it stands, into `project`. */
function writeApp({ name, handler }: FrameworkApp, project: string): number {
  const scaffold = join(manifestsOf(name), 'app')
  if (existsSync(scaffold)) cpSync(scaffold, project, { recursive: true })
  const recipe = blocksOf('docs/frameworks.md').filter((block) => ['all', name].includes(wordOf(block, 'of') ?? ''))
  for (const block of recipe) {
    const path = join(project, wordOf(block, 'of') === 'all' ? handler : (wordOf(block, 'file') ?? ''))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${block.code}\n`)
  }
  return recipe.length
}

/** Defines the test of a recipe of docs/frameworks.md, which is built for production and opened in Chromium. */
export function testRecipe(app: FrameworkApp): void {
  const project = useFramework(app.name)
  const newContext = useBrowser()

  test('parallel pages and API calls redeem one refresh token, and no restart signs a user out', {
    timeout: 400_000,
  }, async () => {
    expect(writeApp(app, project())).toBeGreaterThan(3)
    const [program = '', ...args] = app.build
    const { env } = newPlace({ CI: 'true', ASTRO_TELEMETRY_DISABLED: '1', NUXT_TELEMETRY_DISABLED: '1' })
    await promisify(execFile)(process.execPath, [join(project(), 'node_modules', program), ...args], {
      cwd: project(),
      env,
      maxBuffer: 16 * 1024 * 1024,
    })
    const running = await runApp({ args: app.start, cwd: project() })
    await surviveRestarts(await (await newContext()).newPage(), running)
  })
}
