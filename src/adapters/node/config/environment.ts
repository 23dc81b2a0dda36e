import { isAbsolute, join, resolve } from 'node:path'
import { UnavailableError } from '../../../core/errors.ts'
import type { Json } from '../../../core/ports.ts'
import { homeDirectory, isInside, workingDirectory } from '../files/places.ts'
import { readRegularFile } from '../files/read-file.ts'
import { codeOf, fileStats } from '../files/write-file.ts'
import { type ConfigObject, isConfigObject } from './config-tree.ts'
import { hoistedVariables } from './core-config.ts'
import { parseDotEnv } from './dot-env.ts'

export type Variables = Readonly<Record<string, string | undefined>>

export interface EnvironmentOptions {
  /** Default: `process.cwd()`. */
  readonly cwd?: string | undefined
  /** Default: `process.env`. */
  readonly env?: Variables | undefined
  /** The user's home directory. Default: `os.homedir()`. */
  readonly home?: string | undefined
}

/** The environment's part of the configuration, at one moment. */
export interface Environment {
  /** `undefined` if there is no home directory. */
  readonly globalFile: string | undefined
  /** `undefined` if there is no working directory. */
  readonly localFile: string | undefined
  /** The values of `AIO_*` variables. */
  readonly tree: ConfigObject
  /** The values of `AIO_*` variables of the process, without those of `.env`. */
  readonly ownTree: ConfigObject
  /** The `.env` file, if it sets a variable that the process does not have. */
  readonly dotEnv: DotEnv | undefined
  /** The variables of the process, then those of `.env`. */
  readonly variables: Variables
}

export interface DotEnv {
  readonly path: string
  /** `false` if it is a link to a file outside the working directory. */
  readonly inside: boolean
}

// a project's .env must not change where the user's own configuration is
const places = ['AIO_CONFIG_FILE', 'AIO_CONFIG_KEY', 'XDG_CONFIG_HOME']

/** Reads the variables, and `.env` in the working directory. Changes neither `process.env` nor any file. */
export function readEnvironment(options: EnvironmentOptions = {}): Environment {
  const { cwd = workingDirectory(), env = ownVariables(), home = homeDirectory() } = options
  const root = env.AIO_CONFIG_KEY || 'aio'
  const base = env.XDG_CONFIG_HOME || (home === undefined ? undefined : join(home, '.config'))
  const path = cwd === undefined ? undefined : join(cwd, '.env')
  const inFile = path === undefined ? {} : readDotEnv(path)
  const adds = Object.keys(inFile).some((name) => env[name] === undefined)
  // the order is significant: `A=1` and `A_B=2` exclude each other
  const variables = adds ? { ...inFile, ...env } : { ...env }
  const tree = treeOf(variables, root)
  return {
    globalFile: absolute(env.AIO_CONFIG_FILE || (base === undefined ? undefined : join(base, root)), cwd),
    localFile: cwd === undefined ? undefined : join(cwd, `.${root}`),
    tree,
    ownTree: adds ? treeOf(env, root) : tree,
    dotEnv: adds && path !== undefined && cwd !== undefined ? { path, inside: isInside(path, cwd) } : undefined,
    variables,
  }
}

/** The variables of the process, without those that `@adobe/aio-lib-core-config` copied there from a `.env` file. */
function ownVariables(): Variables {
  const hoisted = hoistedVariables()
  if (hoisted.length === 0) return process.env
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !hoisted.includes(name)))
}

/** `undefined` for a relative path if there is no working directory. */
function absolute(path: string | undefined, cwd: string | undefined): string | undefined {
  if (path === undefined || isAbsolute(path)) return path
  return cwd === undefined ? undefined : resolve(cwd, path)
}

// as in `@adobe/aio-lib-ims`, a `.env` that is missing or not readable for this user is ignored
const ignoredCodes = ['EACCES', 'EPERM', 'ERR_ACCESS_DENIED', 'ENOENT', 'ELOOP', 'EISDIR', 'ENAMETOOLONG']

/** @throws UnavailableError `STORE_FAILED` if it cannot be read at the moment, because it may name another environment */
function readDotEnv(path: string): Record<string, string> {
  let text: string | undefined
  try {
    text = fileStats(path)?.isFile() ? readRegularFile(path) : undefined
  } catch (error) {
    const code = codeOf(error)
    if (!ignoredCodes.includes(code)) {
      throw new UnavailableError('STORE_FAILED', `Could not read ${path} (${code}). Try again.`, {
        details: { path, code },
      })
    }
  }
  if (text === undefined) return {}
  return upperCased(parseDotEnv(text))
}

/** Converts each name to upper case, unless that name exists already. Omits the names in `places`. */
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

/** The values of the variables with the prefix of `root`, by their paths. */
export function treeOf(variables: Variables, root: string): ConfigObject {
  const tree: Record<string, Json> = {}
  const prefix = `${root.toUpperCase()}_`
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined || !name.toUpperCase().startsWith(prefix)) continue
    put(tree, namesOfVariable(name.slice(prefix.length)), value)
  }
  return tree
}

/** `MY__CTX_CLIENT__ID` is the path `my_ctx`, `client_id`: one `_` separates names, two stand for one `_`. */
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
    const next = isConfigObject(inner) ? (inner as Record<string, Json>) : {}
    node[name] = next
    node = next
  }
  node[last] = value
}
