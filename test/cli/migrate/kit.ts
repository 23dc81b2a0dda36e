import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type MigrationOutcome, migrateProject } from '../../../src/adapters/node/cli/migrate/project.ts'
import { root } from '../../kit/build.ts'
import { newPlace } from '../../kit/place.ts'
import { newShell, type Shell } from '../command.ts'

type Files = Readonly<Record<string, string | Buffer>>

/** The version of imskit that the command writes into manifests. */
export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

/** An import of everything that `@adobe/aio-lib-ims` exports. */
export const load = `const { context, getToken, invalidateToken, Ims, ValidationCache } = require('@adobe/aio-lib-ims')`

function writeFiles(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
}

/** A shell in a project with these files. */
export function project(files: Files): Shell {
  const shell = newShell()
  writeFiles(shell.place.cwd, files)
  return shell
}

/** The text of a file of a project. */
export const read = (shell: Shell, name: string) => readFileSync(join(shell.place.cwd, name), 'utf8')

/** Runs `imskit migrate --write` in a project. */
export const write = (shell: Shell, code = 0) => shell.json<MigrationOutcome>(['migrate', '--write'], code)

/** The text of a file after the command. */
export async function rewritten(name: string, text: string): Promise<string> {
  const shell = project({ [name]: text })
  await write(shell)
  return read(shell, name)
}

/** What the command lists for a project with these files. */
export async function findings(files: Files) {
  const { cwd } = newPlace()
  writeFiles(cwd, files)
  return (await migrateProject(cwd, { write: false, version: '1.2.3' })).findings
}
