import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { newFolder } from './folder.ts'

/** A user's machine, as a program sees it: a home, a project, and an environment that names them. */
export interface Place {
  readonly home: string
  readonly cwd: string
  readonly globalFile: string
  readonly localFile: string
  readonly env: Record<string, string>
}

/** A new place, removed when the test has finished. */
export function newPlace(env: Record<string, string> = {}): Place {
  return placeIn(newFolder(), env)
}

/** A place in a directory that the caller removes. */
export function placeIn(directory: string, env: Record<string, string> = {}): Place {
  const home = join(directory, 'home')
  const cwd = join(directory, 'project')
  const config = join(home, '.config')
  for (const path of [config, cwd]) mkdirSync(path, { recursive: true })
  const own = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    USERPROFILE: home,
    XDG_CONFIG_HOME: config,
    XDG_STATE_HOME: join(home, '.state'),
    BROWSER: 'none',
  }
  return { home, cwd, globalFile: join(config, 'aio'), localFile: join(cwd, '.aio'), env: { ...own, ...env } }
}
