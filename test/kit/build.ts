import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fileLock } from '../../src/adapters/node/files/lock-file.ts'

/** The package's own directory. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The folder of the build; `IMSKIT_PROOF_DIST` names another build to test. */
export const dist = resolve(root, process.env.IMSKIT_PROOF_DIST ?? 'dist')

/** The build of `name`, as a path: `node`, `core`, `worker`, `cli`. */
export const built = (name: string) => join(dist, 'node', name === 'cli' ? 'cli.cjs' : `${name}.js`)

function newest(path: string): number {
  const found = statSync(path)
  if (!found.isDirectory()) return found.mtimeMs
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))))
}

function isStale(): boolean {
  const sources = Math.max(
    ...['src', 'scripts/build', 'rollup.config.ts', 'package.json'].map((path) => newest(join(root, path))),
  )
  const outputs = [built('cli'), join(dist, 'types', 'node.d.ts'), join(root, 'node', 'package.json')]
  return outputs.some((path) => (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < sources)
}

/** What tests store for the tests after them. */
export const cache = join(root, 'node_modules', '.cache', 'imskit-proof')

/** Does `task` once in a run of the tests; workers that come later wait for the first. */
export async function onceInARun(name: string, task: () => Promise<unknown>): Promise<void> {
  // the workers of one run have one parent
  const done = join(cache, `${name}-for`)
  await fileLock({ directory: cache, wait: 300_000 })(`${root} ${name}`, async () => {
    if (existsSync(done) && readFileSync(done, 'utf8') === String(process.ppid)) return
    await task()
    writeFileSync(done, String(process.ppid))
  })
}

const npmRun = (script: string) => promisify(execFile)('npm', ['run', '-s', script], { cwd: root })

/** Builds the package unless that was done since its sources changed. Once in a run of the tests. */
export async function build(): Promise<void> {
  if (process.env.IMSKIT_PROOF_DIST !== undefined) return
  // sources may change while the tests run, and all tests must see one build
  await onceInARun('built', async () => {
    if (isStale()) await npmRun('build')
  })
}

/** Builds the site of the documentation, once in a run of the tests. */
export const buildSite = (): Promise<void> => onceInARun('site', () => npmRun('docs'))
