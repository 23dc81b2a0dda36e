import { lstatSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lifeOfHolder, readHolder } from '../../lock-holder.ts'
import { stateDirectory } from '../../state-directory.ts'
import { type Check, type Finding, problem, warning } from './finding.ts'

/** Who else may read what is kept, and locks that nobody holds any more. */
export const files: Check = async ({ config }) => {
  const configured = [await config.path('global'), await config.path('local')]
  const directories = [stateDirectory('tokens'), stateDirectory('locks')]
  const kept = directories.flatMap((directory) => entries(directory))
  const locks = [...kept, ...configured.map((path) => `${path}.lock`)].filter((path) => path.endsWith('.lock'))
  return [
    ...configured.flatMap((path) => tooOpen(path, 0o600)),
    ...[dirname(stateDirectory('tokens')), ...directories].flatMap((path) => tooOpen(path, 0o700)),
    ...kept.filter((path) => !path.endsWith('.lock')).flatMap((path) => tooOpen(path, 0o600)),
    ...locks.flatMap(stale),
  ]
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory).map((name) => join(directory, name))
  } catch {
    return []
  }
}

function tooOpen(path: string, mode: number): Finding[] {
  // Windows has access lists instead
  if (process.platform === 'win32') return []
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined || (stats.mode & 0o077) === 0) return []
  const what = `${path} can be used by others (mode ${(stats.mode & 0o777).toString(8)})`
  return [problem('files', what, `chmod ${mode.toString(8)} '${path}'`)]
}

function stale(path: string): Finding[] {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return []
  const holder = readHolder(path)
  if (holder === undefined || lifeOfHolder(holder) !== 'ended') return []
  const what = `${path} is a lock of process ${holder.owner?.pid}, which has ended`
  return [warning('files', what, `rm '${path}' (the next who needs it takes it over, too)`)]
}
