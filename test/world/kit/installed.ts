import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, inject } from 'vitest'
import { fileLock } from '../../../src/adapters/node/files/lock-file.ts'
import { cache } from '../../kit/build.ts'
import { linkTree } from './link-tree.ts'

const run = promisify(execFile)
const place = join(cache, 'world')
const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']

/** Runs `task` while no other worker of the tests installs. */
export const inTurn = (task: () => Promise<string>): Promise<string> =>
  fileLock({ directory: cache, wait: 900_000 })('world', task)

/** The folder `name`, made by `make` unless it is there and was made for the same `key`. */
export async function once(name: string, key: string, make: (project: string) => Promise<void>): Promise<string> {
  const project = join(place, name)
  const made = join(project, '.made-for')
  if (existsSync(made) && readFileSync(made, 'utf8') === key) return project
  rmSync(project, { recursive: true, force: true })
  mkdirSync(project, { recursive: true })
  await make(project)
  writeFileSync(made, key)
  return project
}

export function fingerprint(...files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex')
}

/** The folder of `test/world` with the `package.json` and the lockfile of a project. */
export const manifestsOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url))

/** Installs what the lockfile in `manifests` pins. */
export async function installPinned(manifests: string, project: string): Promise<void> {
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(manifests, name), join(project, name))
  await run('npm', ['ci', '--ignore-scripts', ...quiet], { cwd: project, maxBuffer: 16 * 1024 * 1024 })
}

/** Installs the packages that `test/world/<name>` pins, and the tarball of imskit. */
const installFramework = (name: string) =>
  inTurn(async () => {
    const manifests = manifestsOf(name)
    const key = fingerprint(join(manifests, 'package-lock.json'))
    const project = await once(name, key, (folder) => installPinned(manifests, folder))
    const [installed, tarball] = [join(project, '.imskit-for'), fingerprint(inject('tarball'))]
    if (existsSync(installed) && readFileSync(installed, 'utf8') === tarball) return project
    await run('npm', ['install', '--no-save', '--ignore-scripts', inject('tarball'), ...quiet], { cwd: project })
    writeFileSync(installed, tarball)
    return project
  })

/** The folder of a project with those packages, for the tests of a file; it is not below another `node_modules`. */
export function useFramework(name: string): () => string {
  let folder = ''
  beforeAll(async () => {
    const installed = await installFramework(name)
    folder = mkdtempSync(join(tmpdir(), `imskit-${name}-`))
    cpSync(join(installed, 'package.json'), join(folder, 'package.json'))
    linkTree(join(installed, 'node_modules'), join(folder, 'node_modules'))
  })
  afterAll(() => folder && rmSync(folder, { recursive: true, force: true }))
  return () => folder
}
