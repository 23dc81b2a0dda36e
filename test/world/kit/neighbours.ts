import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { inject } from 'vitest'
import { fileLock } from '../../../src/adapters/node/files/lock-file.ts'
import { cache } from '../../kit/build.ts'
import { linkTree } from './link-tree.ts'

/** Which library stands in the folders `@adobe/aio-lib-ims` of a project. */
export type Library = 'aio-lib-ims' | 'imskit'

const run = promisify(execFile)
const manifests = fileURLToPath(new URL('../neighbours', import.meta.url))
const place = join(cache, 'neighbours')
const libraryFolder = join('node_modules', '@adobe', 'aio-lib-ims')
const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']

/** The pinned versions of the packages that use `@adobe/aio-lib-ims`. */
export const neighbourVersions: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(manifests, 'package.json'), 'utf8'),
).dependencies

/** The folder of a project with the packages of `test/world/neighbours`, installed once for each lockfile. */
export const neighboursWith = (library: Library): Promise<string> =>
  inTurn(library === 'imskit' ? withImskit : withOriginal)

/** The folder of a project that has the tarball as its `@adobe/aio-lib-ims`, and nothing else. */
export const imskitAlone = (): Promise<string> => inTurn(alone)

const inTurn = (task: () => Promise<string>): Promise<string> =>
  fileLock({ directory: cache, wait: 900_000 })('neighbours', task)
const lockfile = join(manifests, 'package-lock.json')

const withOriginal = () => once('aio-lib-ims', fingerprint(lockfile), install)

async function withImskit(): Promise<string> {
  const [original, replacement] = [await withOriginal(), await alone()]
  return once('imskit', fingerprint(lockfile, inject('tarball')), async (project) =>
    replaceLibrary({ original, replacement, project }),
  )
}

const alone = () => once('alone', fingerprint(inject('tarball')), installAlone)

/** Every folder `@adobe/aio-lib-ims` in `project`, at any depth of `node_modules`. */
export function libraryFolders(project: string): string[] {
  const modules = join(project, 'node_modules')
  if (!existsSync(modules)) return []
  const here = existsSync(join(project, libraryFolder)) ? [join(project, libraryFolder)] : []
  return [...here, ...packagesIn(modules).flatMap(libraryFolders)]
}

function packagesIn(modules: string): string[] {
  const names = readdirSync(modules).filter((name) => !name.startsWith('.'))
  return names.flatMap((name) =>
    name.startsWith('@')
      ? readdirSync(join(modules, name)).map((own) => join(modules, name, own))
      : join(modules, name),
  )
}

function fingerprint(...files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex')
}

async function once(name: string, key: string, make: (project: string) => Promise<void>): Promise<string> {
  const project = join(place, name)
  const made = join(project, '.made-for')
  if (existsSync(made) && readFileSync(made, 'utf8') === key) return project
  rmSync(project, { recursive: true, force: true })
  mkdirSync(project, { recursive: true })
  await make(project)
  writeFileSync(made, key)
  return project
}

async function install(project: string): Promise<void> {
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(manifests, name), join(project, name))
  await run('npm', ['ci', '--ignore-scripts', ...quiet], { cwd: project, maxBuffer: 16 * 1024 * 1024 })
}

async function installAlone(project: string): Promise<void> {
  const dependencies = { '@adobe/aio-lib-ims': `file:${inject('tarball')}` }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'alone', private: true, dependencies }))
  await run('npm', ['install', '--omit=dev', '--omit=optional', ...quiet], { cwd: project })
}

interface Replacement {
  readonly original: string
  readonly replacement: string
  readonly project: string
}

/** What npm's `overrides` make of it: one copy on top, under the old name, with its dependencies beside it. */
function replaceLibrary({ original, replacement, project }: Replacement): void {
  linkTree(join(original, 'node_modules'), join(project, 'node_modules'))
  for (const folder of libraryFolders(project)) rmSync(folder, { recursive: true, force: true })
  const [from, to] = [join(replacement, 'node_modules'), join(project, 'node_modules')]
  linkTree(join(replacement, libraryFolder), join(project, libraryFolder))
  for (const folder of packagesIn(from)) {
    const name = folder.slice(from.length + 1)
    if (join('node_modules', name) === libraryFolder) continue
    // another version may be there already
    const beside = join(to, name)
    linkTree(folder, existsSync(beside) ? join(project, libraryFolder, 'node_modules', name) : beside)
  }
}
