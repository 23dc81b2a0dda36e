import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { blocksOf } from '../docs/blocks.ts'
import { root } from '../kit/build.ts'
import { installedModules } from '../kit/installed.ts'

const fixtures = join(import.meta.dirname, 'fixtures')

/** What the entries for frameworks import. */
const frameworks = { react: 'react', vue: 'vue' }

/**
 * An empty project that has installed the package, and the frameworks.
 *
 * @param modules what else it has installed, by the name under which users install it: the name here
 */
export async function newProject(modules: Readonly<Record<string, string>>): Promise<string> {
  const project = mkdtempSync(join(tmpdir(), 'imskit-runners-'))
  cpSync(await installedModules(), join(project, 'node_modules'), { recursive: true })
  for (const [name, here] of Object.entries({ ...frameworks, ...modules })) {
    const path = join(project, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(join(root, 'node_modules', here), path, 'dir')
  }
  return project
}

/** Copies a folder of the fixtures into `target`, with `header` as the first line of each file. */
export function copyFixtures(name: string, target: string, header = ''): string[] {
  mkdirSync(target, { recursive: true })
  const files = readdirSync(join(fixtures, name))
  for (const file of files) writeFileSync(join(target, file), header + readFileSync(join(fixtures, name, file), 'utf8'))
  return files.filter((file) => /\.test\.m?js$/.test(file))
}

/** Writes the blocks of `docs/testing.md` for `runner` into `target`, as they stand; the names of their test files. */
export function copyBlocks(runner: string, target: string): string[] {
  mkdirSync(target, { recursive: true })
  const tests: string[] = []
  for (const { at, code, words } of blocksOf('docs/testing.md').filter(({ place }) => place === runner)) {
    const given = words.find((word) => word.startsWith('file='))?.slice(5)
    const name = given ?? `line-${at.split(':')[1]}.test.js`
    if (given === undefined) tests.push(name)
    writeFileSync(join(target, name), `${code}\n`)
  }
  return tests
}
