import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inject } from 'vitest'
import { fingerprint, installPinned, inTurn, manifestsOf, once } from './installed.ts'
import { linkTree } from './link-tree.ts'

/** Which library is in the folders `@adobe/aio-lib-ims` of a project. */
export type Library = 'aio-lib-ims' | 'imskit'

const run = promisify(execFile)
const manifests = manifestsOf('neighbours')
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

const lockfile = join(manifests, 'package-lock.json')

const withOriginal = () =>
  once('neighbours-aio-lib-ims', fingerprint(lockfile), (project) => installPinned(manifests, project))

async function withImskit(): Promise<string> {
  const [original, replacement] = [await withOriginal(), await alone()]
  return once('neighbours-imskit', fingerprint(lockfile, inject('tarball')), async (project) =>
    replaceLibrary({ original, replacement, project }),
  )
}

const alone = () => once('imskit-alone', fingerprint(inject('tarball')), installAlone)

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

/** What npm's `overrides` do: one copy at the top, under the original name, with its dependencies next to it. */
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
