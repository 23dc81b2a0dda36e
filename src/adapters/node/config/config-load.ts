import type { Stats } from 'node:fs'
import { devNull } from 'node:os'
import { readRegularFile } from '../files/read-file.ts'
import { codeOf } from '../files/write-file.ts'
import { type Parsed, parseConfig, unreadable } from './file-format.ts'
import { briefly, type Links, look, notRead } from './look.ts'

/** The parsed content of a configuration file. */
export interface ConfigCopy extends Parsed {
  readonly stats: Stats | undefined
  /** `false` if the file was so new that another change might not show in its `stat`. */
  readonly settled: boolean
}

// file systems round time stamps to steps of up to 10 ms
const timestampStep = 20
// how long a program that writes in place, such as `@adobe/aio-lib-core-config`, may take after it truncated the file
const writeDuration = 100
const mostLooks = 40

export const emptyCopy: ConfigCopy = { tree: {}, format: 'json', stats: undefined, settled: true }

/**
 * Reads and parses the file. If its content is empty or invalid while it is new, another program may be writing it:
 * then this reads it again.
 *
 * @param first the stats of the file, if it exists
 */
export async function loadConfig(path: string, links: Links, first: Stats | undefined): Promise<ConfigCopy> {
  let stats: Stats | 'closed' | undefined = first
  // the number of looks is limited because the clock may be stopped, as in tests
  for (let looks = 0; ; looks += 1, stats = look(path, links)) {
    if (stats === 'closed') throw notRead(path, { code: 'EACCES' })
    if (stats === undefined || path === devNull) return { ...emptyCopy, stats }
    if (!stats.isFile()) throw unreadable(path, `is ${stats.isDirectory() ? 'a directory' : 'not a regular file'}`)
    const age = Date.now() - stats.mtimeMs
    const isNew = age >= 0 && age < writeDuration && looks < mostLooks
    try {
      const text = readText(path)
      if (text !== undefined && !(isNew && text === '')) {
        const parsed = parseConfig(text, path)
        return { ...(parsed instanceof Promise ? await parsed : parsed), stats, settled: Math.abs(age) > timestampStep }
      }
      if (looks >= mostLooks) throw unreadable(path, 'is not a regular file')
    } catch (error) {
      if (!isNew) throw error
    }
    await briefly(path)
  }
}

function readText(path: string): string | undefined {
  try {
    return readRegularFile(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw notRead(path, error)
  }
}
