import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { ConfigurationError } from '../../../../core/errors.ts'
import { writeFileAtomic } from '../../files/write-file.ts'
import { printable } from '../../printable.ts'
import { canAsk, confirm } from '../confirm.ts'
import { textIn } from './project.ts'

/** A file to write. */
export interface FileChange {
  readonly name: string
  readonly content: string
  /** Whether only lines are added to the file or replaced in it, which needs no question. */
  readonly merged?: boolean
  readonly secret?: boolean
}

export interface Applied {
  readonly created: readonly string[]
  readonly changed: readonly string[]
  readonly unchanged: readonly string[]
}

export interface ApplyOptions {
  readonly force: boolean
  readonly dryRun: boolean
}

/**
 * Writes the files, all or none: a file with other content is replaced only with `force`, or if the user agrees.
 *
 * @throws {ConfigurationError} `BAD_OPTION` if files would be replaced and the user cannot be asked, or refuses
 */
export async function applyChanges(
  folder: string,
  changes: readonly FileChange[],
  { force, dryRun }: ApplyOptions,
): Promise<Applied> {
  const before = new Map(changes.map(({ name }) => [name, textIn(folder, name)]))
  const differing = changes.filter(({ name, content }) => before.get(name) !== content)
  const replaced = differing.filter(({ name, merged }) => before.get(name) !== undefined && !merged)
  if (replaced.length > 0 && !force && !dryRun) await askToReplace(replaced.map(({ name }) => name))
  if (!dryRun) {
    for (const { name } of differing) assertInside(folder, name)
    for (const { name, content, secret } of differing) {
      const path = join(folder, name)
      mkdirSync(dirname(path), { recursive: true })
      const mode = secret ? 0o600 : before.get(name) === undefined ? 0o644 : undefined
      await writeFileAtomic(path, content, mode === undefined ? {} : { mode })
    }
  }
  const names = (filter: (change: FileChange) => boolean) => changes.filter(filter).map(({ name }) => name)
  return {
    created: names(({ name }) => before.get(name) === undefined),
    changed: names((change) => before.get(change.name) !== undefined && differing.includes(change)),
    unchanged: names((change) => !differing.includes(change)),
  }
}

async function askToReplace(names: readonly string[]): Promise<void> {
  const shown = names.map(printable).join(', ')
  if (canAsk() && (await confirm(`Replace ${shown}?`))) return
  throw new ConfigurationError(
    'BAD_OPTION',
    `imskit wrote nothing, because it would replace ${shown}. Move the file away, or pass --force to replace it.`,
  )
}

/** A folder of a project may be a link to another place, which is not part of the project. */
function assertInside(folder: string, name: string): void {
  let directory = dirname(join(folder, name))
  while (!existsSync(directory)) directory = dirname(directory)
  const root = realpathSync(folder)
  const real = realpathSync(directory)
  if (real === root || real.startsWith(root + sep)) return
  throw new ConfigurationError(
    'BAD_OPTION',
    `${printable(name)} is outside of the folder, so imskit wrote nothing. Remove the link.`,
  )
}
