import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isImsError } from '../../../../core/errors.ts'
import { lifeOfHolder, readHolder } from '../../files/lock-holder.ts'
import { userId } from '../../files/places.ts'
import { stateDirectory } from '../../files/state-directory.ts'
import { type Check, type Finding, problem, warning } from './finding.ts'

/** Checks for files that other users can read, and for locks of processes that have ended. */
export const checkFiles: Check = async ({ config }) => {
  const places = await Promise.allSettled([config.path('global'), config.path('local')])
  const configured = places.flatMap((place) => (place.status === 'fulfilled' ? [place.value] : []))
  const [unknown, directories] = stateDirectories()
  const stored = directories.flatMap((directory) => entries(directory))
  const locks = [...stored, ...configured.map((path) => `${path}.lock`)].filter((path) => path.endsWith('.lock'))
  return [
    ...configured.flatMap((path) => tooOpen(path, 0o600)),
    ...places.flatMap((place) => (place.status === 'rejected' ? [unknownPlace(place.reason)] : [])),
    ...unknown,
    ...[...directories.slice(0, 1).map(dirname), ...directories].flatMap((path) => tooOpen(path, 0o700)),
    ...stored.filter((path) => !path.endsWith('.lock')).flatMap((path) => tooOpen(path, 0o600)),
    ...locks.flatMap(stale),
  ]
}

function stateDirectories(): [Finding[], string[]] {
  try {
    return [[], [stateDirectory('tokens'), stateDirectory('locks')]]
  } catch (error) {
    return [[unknownPlace(error)], []]
  }
}

function unknownPlace(error: unknown): Finding {
  if (!isImsError(error)) throw error
  return problem('files', error.message, 'set HOME, and run imskit in a directory that exists')
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
  const stats = statsOf(path)
  if (stats === undefined) return []
  const user = userId()
  if (user !== undefined && ![user, 0].includes(stats.uid)) {
    const what = `${path} belongs to another user (${stats.uid})`
    return [problem('files', what, `chown ${user} '${path}'`)]
  }
  if ((stats.mode & 0o077) === 0) return []
  const what = `${path} is accessible to other users (mode ${(stats.mode & 0o777).toString(8)})`
  return [problem('files', what, `chmod ${mode.toString(8)} '${path}'`)]
}

/** `undefined` if the file does not exist, or this user may not inspect it. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function stale(path: string): Finding[] {
  if (statsOf(dirname(path)) === undefined || lstatSync(path, { throwIfNoEntry: false }) === undefined) return []
  const holder = readHolder(path)
  if (holder === undefined || lifeOfHolder(holder) !== 'ended') return []
  const what = `${path} is a lock of process ${holder.owner?.pid}, which has ended`
  return [warning('files', what, `rm '${path}' (or wait: the next process that needs the lock takes it over)`)]
}
