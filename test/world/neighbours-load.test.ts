import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { newPlace } from '../kit/place.ts'
import { type Library, libraryFolders, neighboursWith, neighbourVersions } from './kit/neighbours.ts'

// the official packages that use @adobe/aio-lib-ims: what loads with it loads with imskit in its folders

const loadFiles = fileURLToPath(new URL('fixtures/load-files.cjs', import.meta.url))
const lockfile = fileURLToPath(new URL('neighbours/package-lock.json', import.meta.url))
const users = Object.keys(neighbourVersions).filter((name) => /cli-plugin|generator|commerce/.test(name))

const projects = {} as Record<Library, string>

beforeAll(async () => {
  projects['aio-lib-ims'] = await neighboursWith('aio-lib-ims')
  projects.imskit = await neighboursWith('imskit')
})

interface Loaded {
  readonly files: Readonly<Record<string, string>>
  /** The files of the library that were loaded by `require`. */
  readonly library: readonly string[]
}

// loading these runs a program
const programs = /^dist[\\/](cjs|es)[\\/]commands[\\/]/

function filesOf(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name)
    if (entry.isDirectory())
      return /^(node_modules|tests?|e2e|bin|(common-)?templates?)$/.test(entry.name) ? [] : filesOf(folder, path)
    return /^(?!.*\.(test|config)\.).*\.[cm]?js$/.test(entry.name) && !programs.test(path) ? [path] : []
  })
}

/** Loads every file of `name` in one process. */
async function load(library: Library, name: string): Promise<Loaded> {
  const folder = join(projects[library], 'node_modules', name)
  const place = newPlace({ NEIGHBOUR: folder })
  const options = { cwd: place.cwd, env: place.env, maxBuffer: 16 * 1024 * 1024 }
  const { stdout } = await promisify(execFile)(process.execPath, [loadFiles, ...filesOf(folder)], options)
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}

/** What no longer loads, and why. */
const lost = (before: Loaded, after: Loaded) =>
  Object.entries(after.files).filter(([file, outcome]) => before.files[file] === 'loads' && outcome !== 'loads')

describe('the projects of the neighbours', () => {
  test('hold only the library that they are for', () => {
    const names = (project: string) =>
      libraryFolders(project).map((folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name)
    const before = names(projects['aio-lib-ims'])
    expect(before.length).toBeGreaterThan(5)
    expect(new Set(before)).toEqual(new Set(['@adobe/aio-lib-ims']))
    expect(names(projects.imskit)).toEqual(['imskit'])
  })

  test('have a lockfile without download addresses', () => {
    expect(existsSync(lockfile)).toBe(true)
    expect(readFileSync(lockfile, 'utf8')).not.toContain('"resolved"')
  })
})

describe('every file loads that loads with @adobe/aio-lib-ims', () => {
  test.each(users)('%s', async (name) => {
    const [before, after] = await Promise.all([load('aio-lib-ims', name), load('imskit', name)])
    expect(Object.values(before.files)).toContain('loads')
    expect(before.library).not.toEqual([])
    expect(lost(before, after)).toEqual([])
    expect(after.library).not.toEqual([])
  })
})
