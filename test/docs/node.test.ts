import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../kit/build.ts'
import { newPlace } from '../kit/place.ts'
import { type Block, blocksIn, root } from './blocks.ts'
import { type ImsOfThePages, startImsOfThePages } from './ims-of-the-pages.ts'

const run = promisify(execFile)
let ims: ImsOfThePages

beforeAll(async () => {
  await build()
  ims = await startImsOfThePages()
}, 300_000)
afterAll(() => ims.close())

const preload = pathToFileURL(join(import.meta.dirname, 'public-hosts.mjs')).href
const person = join(import.meta.dirname, 'person.mjs')
const formOf = ({ words }: Block) => (words.includes('form=cjs') ? 'cjs' : 'mjs')

/** A folder that has the package as it is here. */
function withThisBuild(): string {
  const { cwd } = newPlace()
  mkdirSync(join(cwd, 'node_modules'))
  symlinkSync(root, join(cwd, 'node_modules', 'imskit'), 'dir')
  return cwd
}

/** Runs a block as it stands, as a program in `folder`. */
async function runBlock(block: Block, folder = withThisBuild()): Promise<{ stdout: string; stderr: string }> {
  const { env } = newPlace({ ...ims.environmentOf(block.as), BROWSER: person, CI: 'false' })
  const file = `program.${formOf(block)}`
  writeFileSync(join(folder, file), block.code)
  return run(process.execPath, ['--import', preload, file], { cwd: folder, env, timeout: 25_000 })
}

const programs = blocksIn('node')

describe('the programs of the documentation', () => {
  test('are there', () => expect(programs.length).toBeGreaterThan(12))

  test.each(programs.map((block) => [block.at, block] as const))('%s runs as it stands', async (_, block) => {
    const { stdout } = await runBlock(block)
    expect(stdout.trim()).not.toBe('')
  })
})
