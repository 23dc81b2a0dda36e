import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A machine of its own, as far as a program can tell: a home, a project, and an environment that names them. */
export interface Place {
  readonly home: string
  readonly cwd: string
  readonly globalFile: string
  readonly localFile: string
  readonly env: Record<string, string>
}

/** A new place, gone when the test has finished. */
export function newPlace(env: Record<string, string> = {}): Place {
  const directory = mkdtempSync(join(tmpdir(), 'imskit-proof-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
  return placeIn(directory, env)
}

/** A place in a directory that the caller cares for. */
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
