import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { built } from '../kit/build.ts'
import { newPlace } from '../kit/place.ts'
import { imskitAlone, neighboursWith, neighbourVersions } from './kit/neighbours.ts'

// the command on the official packages that use @adobe/aio-lib-ims: what loaded before it loads after it, from imskit

const loadFiles = fileURLToPath(new URL('fixtures/load-files.cjs', import.meta.url))
const users = Object.keys(neighbourVersions).filter((name) =>
  /plugin-(?:auth|console|app|aem-rde)$|generator/.test(name),
)

let modules: string
let imskit: string

beforeAll(async () => {
  modules = join(await neighboursWith('aio-lib-ims'), 'node_modules')
  imskit = join(await imskitAlone(), 'node_modules', '@adobe', 'aio-lib-ims')
})

/** The package in a project of its own, whose `node_modules` has what it needs, but `@adobe/aio-lib-ims` only if wanted. */
function project(name: string, { original }: { original: boolean }) {
  const place = newPlace()
  const folder = join(place.cwd, 'package')
  const source = join(modules, name)
  cpSync(source, folder, { recursive: true, filter: (path) => path !== join(source, 'node_modules') })
  const link = (from: string, below: string) => {
    for (const each of readdirSync(from).filter((entry) => !entry.startsWith('.'))) {
      const to = join(below, each)
      if (each.startsWith('@')) link(join(from, each), to)
      else if (original || !to.endsWith(join('@adobe', 'aio-lib-ims'))) {
        mkdirSync(dirname(to), { recursive: true })
        symlinkSync(join(from, each), to)
      }
    }
  }
  link(modules, join(place.cwd, 'node_modules'))
  const own = readdirSync(source).includes('node_modules') ? join(source, 'node_modules') : undefined
  if (own !== undefined) link(own, join(folder, 'node_modules'))
  symlinkSync(imskit, join(place.cwd, 'node_modules', 'imskit'))
  return { folder, env: { ...place.env, NEIGHBOUR: folder } }
}

const programs = (folder: string) =>
  readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.js$/.test(file) && !/template|\.test\./.test(file))
    .map((file) => join('src', file))

type Loaded = Readonly<Record<string, string>>

async function load({ folder, env }: ReturnType<typeof project>, files: readonly string[]): Promise<Loaded> {
  const { stdout } = await promisify(execFile)(process.execPath, [loadFiles, ...files], { cwd: folder, env })
  return (JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { files: Loaded }).files
}

describe('imskit migrate --write', () => {
  test.each(users)('%s', async (name) => {
    const [before, after] = [project(name, { original: true }), project(name, { original: false })]
    const files = name.includes('generator') ? ['index.js'] : programs(before.folder)
    const { stdout } = await promisify(execFile)(process.execPath, [built('cli'), 'migrate', '--write', '--json'], {
      cwd: after.folder,
      env: after.env,
    })
    expect(JSON.parse(stdout)).toMatchObject({ leftAlone: [], exitCode: 0 })
    const { dependencies } = JSON.parse(readFileSync(join(after.folder, 'package.json'), 'utf8'))
    expect(dependencies).toHaveProperty('imskit')
    const loadedBefore = await load(before, files)
    expect(Object.values(loadedBefore)).toContain('loads')
    expect(await load(after, files)).toEqual(loadedBefore)
  })
})
