import { readRegularFile } from '../files/read-file.ts'
import type { ConfigContent } from './aio-config.ts'
import type { ConfigObject } from './config-tree.ts'
import { readEnvironment } from './environment.ts'
import { parseConfig } from './file-format.ts'
import { type Links, look } from './look.ts'

/**
 * Reads the configuration synchronously. `undefined` if that is not possible: a file is YAML, whose parser is not
 * loaded, or is invalid, or another program is writing it.
 */
export function readNow(): ConfigContent | undefined {
  try {
    const environment = readEnvironment()
    const global = read(environment.globalFile, 'same-owner')
    const local = global && read(environment.localFile, 'none')
    return local && { environment, global, local }
  } catch {
    return undefined
  }
}

function read(path: string | undefined, links: Links): ConfigObject | undefined {
  const stats = path === undefined ? undefined : look(path, links)
  if (path === undefined || stats === undefined || stats === 'closed') return {}
  const text = readRegularFile(path)
  // an empty file is one that another program is writing
  if (text === undefined || text === '') return undefined
  const parsed = parseConfig(text, path)
  return parsed instanceof Promise ? ignored(parsed) : parsed.tree
}

function ignored(parsed: Promise<unknown>): undefined {
  parsed.catch(() => {})
  return undefined
}
