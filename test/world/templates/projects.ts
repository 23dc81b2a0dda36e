import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll } from 'vitest'
import type { Snippet } from '../../docs/snippets.ts'
import { build, root } from '../../kit/build.ts'
import { folderOfFile } from '../../kit/folder.ts'
import { unpack } from '../../kit/packed.ts'

export { root }

const run = promisify(execFile)
const modules = join(root, 'node_modules')

/** Their versions here are chosen by the tests: each compiler in turn, and the types of the oldest Node that imskit supports. */
const chosenHere = ['typescript', '@types/node']
/** Tools of a template that neither compile nor bundle. */
const unused = ['oxlint', 'wrangler', 'vitest', '@cloudflare/vitest-plugin']

/** Whether `version` satisfies a range of the forms `^1.2.3` and `~1.2.3`. */
function fits(version: string, range: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const [, sign = '', ...wanted] = /^([~^]?)(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(range) ?? []
  const [atMajor = 0, atMinor = 0, atPatch = 0] = wanted.map((part) => Number(part ?? 0))
  if (major !== atMajor) return false
  if (sign === '' || sign === '~') return minor === atMinor && (sign === '' ? patch === atPatch : patch >= atPatch)
  // below 1.0.0 a minor version may break
  if (major === 0 && minor !== atMinor) return false
  return minor > atMinor || (minor === atMinor && patch >= atPatch)
}

/** A folder for the projects of a file of tests, with the packed package in it. */
export function useProjects(): { folder(name: string): string } {
  const place = folderOfFile()
  beforeAll(async () => {
    await build()
    mkdirSync(join(place, 'packed'))
    await unpack(root, join(place, 'packed'))
  }, 300_000)
  return { folder: (name) => join(place, name) }
}

/** Gives the project in `folder` the packed package, and links to the packages that it names, as they are here. */
export function equip(folder: string, names: readonly string[] = []): void {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const ranges: Record<string, string> = { ...manifest.dependencies, ...manifest.devDependencies }
  const own = join(folder, 'node_modules')
  cpSync(join(dirname(folder), 'packed/node_modules/imskit'), join(own, 'imskit'), { recursive: true })
  const { dependencies } = JSON.parse(readFileSync(join(own, 'imskit/package.json'), 'utf8'))
  const wanted = Object.keys(ranges).filter((name) => !unused.includes(name) && name !== 'typescript')
  for (const name of new Set([...Object.keys(dependencies), ...wanted, ...names])) {
    const range = ranges[name]
    const { version } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'))
    if (range !== undefined && !chosenHere.includes(name) && !fits(version, range)) {
      throw new Error(`The template asks for ${name} ${range}; devDependencies have ${version}. Update one of them.`)
    }
    mkdirSync(dirname(join(own, name)), { recursive: true })
    symlinkSync(join(modules, name), join(own, name), 'dir')
  }
}

/** What create-vite makes of one of its templates. */
export async function createVite(folder: string, template: string): Promise<void> {
  const create = join(modules, 'create-vite/index.js')
  const target = folder.slice(dirname(folder).length + 1)
  await run(process.execPath, [create, target, '--template', template, '--no-interactive'], { cwd: dirname(folder) })
}

/** The same with the packages that it needs, and those of `names`. */
export async function viteProject(
  folder: string,
  template: 'react-ts' | 'vue-ts',
  names?: readonly string[],
): Promise<void> {
  await createVite(folder, template)
  equip(folder, names)
}

/** What create-cloudflare copies for a Worker in TypeScript, with `Env` as its bindings make it. */
export function workerProject(folder: string, env: Readonly<Record<string, string>>): void {
  cpSync(join(modules, 'create-cloudflare/templates/hello-world/ts'), folder, { recursive: true })
  const lines = Object.entries(env).map(([name, type]) => `  ${name}: ${type}`)
  writeFileSync(join(folder, 'worker-configuration.d.ts'), `interface Env {\n${lines.join('\n')}\n}\n`)
  equip(folder, ['@cloudflare/workers-types', 'hono'])
}

/** A project with only a `package.json`. */
export function bareProject(folder: string, manifest: object, names: readonly string[] = []): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  equip(folder, names)
}

/** Writes the blocks into `folder`. */
export function write(folder: string, snippets: readonly Snippet[]): void {
  mkdirSync(folder, { recursive: true })
  for (const { file, source } of snippets) {
    if (existsSync(join(folder, file))) throw new Error(`Two blocks are called ${file}.`)
    writeFileSync(join(folder, file), source)
  }
}

/** Changes a file of a template. */
export function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, 'utf8')
  const after = change(before)
  if (after === before) throw new Error(`${file} has changed: adapt the test.`)
  writeFileSync(file, after)
}
