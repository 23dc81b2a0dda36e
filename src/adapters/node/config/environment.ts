import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { UnavailableError } from '../../../core/errors.ts'
import type { Json } from '../../../core/ports.ts'
import { readRegularFile } from '../read-file.ts'
import { codeOf, fileStats } from '../write-file.ts'
import { type ConfigObject, isObject } from './config-tree.ts'

export type Variables = Readonly<Record<string, string | undefined>>

export interface EnvironmentOptions {
  /** Default: `process.cwd()`. */
  readonly cwd?: string | undefined
  /** Default: `process.env`. */
  readonly env?: Variables | undefined
  /** The person's home directory. Default: `os.homedir()`. */
  readonly home?: string | undefined
}

/** What the environment says about the configuration, at one moment. */
export interface Environment {
  readonly globalFile: string
  readonly localFile: string
  /** What `AIO_*` variables set. */
  readonly tree: ConfigObject
  /** The real variables, then those of `.env`. */
  readonly variables: Variables
}

// a project's .env must not send the person's own configuration elsewhere
const places = ['AIO_CONFIG_FILE', 'AIO_CONFIG_KEY', 'XDG_CONFIG_HOME']

/** Reads the variables, and `.env` in the working directory. Changes neither `process.env` nor any file. */
export async function readEnvironment(options: EnvironmentOptions = {}): Promise<Environment> {
  const { cwd = process.cwd(), env = process.env, home = homedir() } = options
  const root = env.AIO_CONFIG_KEY || 'aio'
  const base = env.XDG_CONFIG_HOME || join(home, '.config')
  const variables = overlay(await readDotEnv(join(cwd, '.env')), env)
  return {
    globalFile: resolve(cwd, env.AIO_CONFIG_FILE || join(base, root)),
    localFile: join(cwd, `.${root}`),
    tree: treeOf(variables, root),
    variables,
  }
}

// a `.env` of another user, or none at all, counts for nothing, as in @adobe/aio-lib-ims
const notOurs = ['EACCES', 'EPERM', 'ERR_ACCESS_DENIED', 'ENOENT', 'ELOOP', 'EISDIR', 'ENAMETOOLONG']

/** @throws UnavailableError `STORE_FAILED` if it cannot be read for a moment: it may name another environment */
async function readDotEnv(path: string): Promise<Record<string, string>> {
  let text: string | undefined
  try {
    text = fileStats(path)?.isFile() ? readRegularFile(path) : undefined
  } catch (error) {
    const code = codeOf(error)
    if (!notOurs.includes(code)) {
      throw new UnavailableError('STORE_FAILED', `Could not read ${path} (${code}). Try again.`, {
        details: { path, code },
      })
    }
  }
  if (text === undefined) return {}
  const { parseDotEnv } = await import('./dot-env.ts')
  return upperCased(parseDotEnv(text))
}

/** Gives each name its upper-case form, unless that is there already: a later variant keeps its own. */
function upperCased(values: Record<string, string>): Record<string, string> {
  const result = { ...values }
  for (const [name, value] of Object.entries(values)) {
    const upper = name.toUpperCase()
    if (upper in result) continue
    delete result[name]
    result[upper] = value
  }
  return Object.fromEntries(Object.entries(result).filter(([name]) => !places.includes(name.toUpperCase())))
}

/** The order counts (`A=1` and `A_B=2` exclude each other): `.env` comes first, if it has anything to add at all. */
function overlay(dotEnv: Record<string, string>, env: Variables): Variables {
  const adds = Object.keys(dotEnv).some((name) => env[name] === undefined)
  return adds ? { ...dotEnv, ...env } : { ...env }
}

function treeOf(variables: Variables, root: string): ConfigObject {
  const tree: Record<string, Json> = {}
  const prefix = `${root.toUpperCase()}_`
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined || !name.toUpperCase().startsWith(prefix)) continue
    put(tree, namesOfVariable(name.slice(prefix.length)), value)
  }
  return tree
}

/** `MY__CTX_CLIENT__ID` names `my_ctx`, then `client_id`: one `_` divides, two are one. */
export function namesOfVariable(rest: string): string[] {
  const parts = rest.toLowerCase().split(/(?<!_)_(?!_)/)
  return parts
    .join('.')
    .replaceAll('__', '_')
    .split('.')
    .filter((name) => name.trim() !== '')
}

function put(tree: Record<string, Json>, names: readonly string[], value: string): void {
  const last = names.at(-1)
  if (last === undefined || names.includes('__proto__')) return
  let node = tree
  for (const name of names.slice(0, -1)) {
    const inner = Object.hasOwn(node, name) ? node[name] : undefined
    const next = isObject(inner) ? (inner as Record<string, Json>) : {}
    node[name] = next
    node = next
  }
  node[last] = value
}
