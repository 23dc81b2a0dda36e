import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { inject } from 'vitest'
import { fileLock } from '../../../src/adapters/node/lock-file.ts'
import { cache } from '../../proof/build.ts'
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
export async function neighboursWith(library: Library): Promise<string> {
  const lock = fileLock({ directory: cache, wait: 900_000 })
  return lock('neighbours', async () => {
    const original = await once('aio-lib-ims', fingerprint(join(manifests, 'package-lock.json')), install)
    if (library === 'aio-lib-ims') return original
    const tarball = inject('tarball')
    const key = fingerprint(join(manifests, 'package-lock.json'), tarball)
    return once('imskit', key, (project) => replaceLibrary({ original, project, tarball }))
  })
}

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

interface Replacement {
  readonly original: string
  readonly project: string
  readonly tarball: string
}

/** What npm's `overrides` make of it: one copy on top, under the old name, with its dependencies beside it. */
async function replaceLibrary({ original, project, tarball }: Replacement): Promise<void> {
  linkTree(join(original, 'node_modules'), join(project, 'node_modules'))
  for (const folder of libraryFolders(project)) rmSync(folder, { recursive: true, force: true })
  const fresh = join(project, 'fresh')
  mkdirSync(fresh)
  writeFileSync(join(fresh, 'package.json'), '{ "name": "fresh", "private": true }')
  await run('npm', ['install', tarball, '--omit=dev', '--omit=peer', '--omit=optional', ...quiet], { cwd: fresh })
  const target = join(project, libraryFolder)
  renameSync(join(fresh, 'node_modules', 'imskit'), target)
  for (const folder of packagesIn(join(fresh, 'node_modules'))) {
    const name = folder.slice(join(fresh, 'node_modules').length + 1)
    const free = join(project, 'node_modules', name)
    const to = existsSync(free) ? join(target, 'node_modules', name) : free
    mkdirSync(join(to, '..'), { recursive: true })
    renameSync(folder, to)
  }
  rmSync(fresh, { recursive: true, force: true })
}
