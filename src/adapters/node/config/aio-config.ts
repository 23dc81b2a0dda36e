import { dirname } from 'node:path'
import { UnavailableError } from '../../../core/errors.ts'
import { badOption, checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Json } from '../../../core/ports.ts'
import { type ConfigFile, configFile, missingFile } from './config-file.ts'
import {
  type ConfigKey,
  type ConfigObject,
  changeAt,
  layersAt,
  mergeLayers,
  mergeNames,
  namesOf,
} from './config-tree.ts'
import { type Environment, type EnvironmentOptions, readEnvironment } from './environment.ts'
import { unreadable } from './file-format.ts'

export type AioConfigOptions = EnvironmentOptions
export type ConfigFileName = 'global' | 'local'
export type ConfigSource = ConfigFileName | 'env'

/**
 * The configuration shared with `@adobe/aio-lib-core-config`: the global file, the local file, and `AIO_*` variables
 * including those of `.env`; each source overrides the one before it. Names match in any case.
 *
 * Every call checks whether the files changed. The environment and `.env` are read on first use and after `reload`.
 * Every method rejects with `ConfigurationError` `CONFIG_UNREADABLE`, naming the path, if a file it needs is invalid, and
 * with `UnavailableError` `STORE_FAILED` if a file cannot be read.
 */
export interface AioConfig {
  /** The value under `key`, merged from all sources or read from one; a copy. `undefined` if it is not set. */
  get(key?: ConfigKey, source?: ConfigSource): Promise<Json | undefined>
  /** The names under `key`, each once, in the spelling of the first source that has it. Faster than `get`. */
  names(key?: ConfigKey, source?: ConfigSource): Promise<string[]>
  /**
   * Replaces the value of `key` in the file by the result of `change`; `undefined` removes it, in every spelling.
   * `change` gets a copy, must be pure and may run more than once. If it throws, the file is not written and the promise
   * rejects with its unchanged error. `null` and empty objects are not stored. An unchanged value is not written.
   * @throws ConfigurationError `BAD_OPTION`, `CONFIG_UNREADABLE`; the file is left as it is
   * @throws UnavailableError `STORE_FAILED`, `TIMEOUT`; the file is left as it is
   */
  update(file: ConfigFileName, key: ConfigKey, change: (value: Json | undefined) => Json | undefined): Promise<void>
  /** Like {@link AioConfig.update}, with a value that does not depend on the old one. */
  set(file: ConfigFileName, key: ConfigKey, value: Json | undefined): Promise<void>
  /**
   * Checks that a later update can be written, and reserves disk space for it.
   * @throws UnavailableError `STORE_FAILED`, `TIMEOUT`; no file remains
   */
  prepare?(file: ConfigFileName): Promise<PreparedUpdate>
  /**
   * The path of a file, which may not exist.
   * @throws UnavailableError `STORE_FAILED` if there is no home directory or no working directory
   */
  path(file: ConfigFileName): Promise<string>
  /** Which parts of the value of `key` come from the working directory (`./.aio`, `./.env`). Default: none. */
  provenance?(key: ConfigKey): Promise<Provenance>
  /** An environment variable of the process, else of `.env`. Never changes `process.env`. */
  variable(name: string): Promise<string | undefined>
  /** Makes the next call read the working directory, the environment and `.env` again. */
  reload(): void
}

/** Shows whether a value comes from the user or from the working directory. */
export interface Provenance {
  /** The value in the user's own sources: the global file and the variables of the process. */
  readonly own: Json | undefined
  /** The value in the local file. */
  readonly local: Json | undefined
  readonly localFile: string | undefined
  /** The `.env` file, if it sets a variable. */
  readonly dotEnvFile: string | undefined
  /** Whether `.env` is a link to a file outside the working directory, so that its secrets may be the user's own. */
  readonly dotEnvOutside: boolean
  readonly directory: string | undefined
}

/** An update for which disk space is reserved. */
export interface PreparedUpdate {
  /** Like {@link AioConfig.update} of the same file; can be called once. */
  update(key: ConfigKey, change: (value: Json | undefined) => Json | undefined): Promise<void>
  /** Frees the disk space, unless an update has used it. */
  discard(): void
}

// the most bytes that the tokens of a context need
const tokensRoom = 32_768

interface Sources {
  readonly environment: Environment
  readonly global: ConfigFile
  readonly local: ConfigFile
}

const optionNames: OptionNames<AioConfigOptions> = { cwd: 'string', env: 1, home: 'string' }

/**
 * The configuration in the `.aio` files and the environment. Reads no file before the first call of a method.
 *
 * @example
 * const config = aioConfig()
 * await config.set('local', 'ims.config.current', 'my-app')
 */
export function aioConfig(options: AioConfigOptions = {}): AioConfig {
  checkOptions('aioConfig', options, optionNames)
  const state: ConfigState = { options, sources: undefined }
  return {
    get: (key, source) => getValue(state, key, source),
    names: (key, source) => getNames(state, key, source),
    update: (file, key, change) => updateValue(state, { file, key }, change),
    set: (file, key, value) => updateValue(state, { file, key }, () => value),
    prepare: (file) => prepareUpdate(state, file),
    path: async (file) => pathOf(state, file),
    provenance: (key) => provenanceOf(state, key),
    variable: async (name) => sourcesOf(state).environment.variables[name],
    reload() {
      state.sources = undefined
    },
  }
}

interface ConfigState {
  readonly options: AioConfigOptions
  /** `undefined` before the first use, and after `reload`. */
  sources: Sources | undefined
}

function sourcesOf(state: ConfigState): Sources {
  state.sources ??= openSources(state.options)
  return state.sources
}

async function getValue(state: ConfigState, key: ConfigKey = '', source?: ConfigSource): Promise<Json | undefined> {
  return mergeLayers(layersAt(await layers(state, source), namesOf(key)), () => tooDeep(state.sources))
}

async function getNames(state: ConfigState, key: ConfigKey = '', source?: ConfigSource): Promise<string[]> {
  return mergeNames(layersAt(await layers(state, source), namesOf(key)))
}

/** The trees of one source or of all, lowest precedence first. A file in memory is not awaited, which is faster. */
async function layers(state: ConfigState, source: ConfigSource | undefined): Promise<ConfigObject[]> {
  const { environment, global, local } = sourcesOf(state)
  if (source === 'env') return [environment.tree]
  if (source !== undefined) return [await (source === 'local' ? local : global).read()]
  const low = global.read()
  const lowTree = low instanceof Promise ? await low : low
  const high = local.read()
  return [lowTree, high instanceof Promise ? await high : high, environment.tree]
}

async function updateValue(
  state: ConfigState,
  { file, key }: { readonly file: ConfigFileName; readonly key: ConfigKey },
  change: (value: Json | undefined) => unknown,
): Promise<void> {
  if (typeof change !== 'function') throw badOption('an update of the configuration takes a function')
  await fileOf(sourcesOf(state), file).update((tree) => changeAt(tree, namesOf(key), change))
}

async function prepareUpdate(state: ConfigState, file: ConfigFileName): Promise<PreparedUpdate> {
  const { update, discard } = await fileOf(sourcesOf(state), file).prepare(tokensRoom)
  return { update: (key, change) => update((tree) => changeAt(tree, namesOf(key), change)), discard }
}

function pathOf(state: ConfigState, file: ConfigFileName): string {
  const sources = sourcesOf(state)
  fileOf(sources, file)
  const { localFile, globalFile } = sources.environment
  const path = file === 'local' ? localFile : globalFile
  if (path === undefined) throw noPlace(file)
  return path
}

async function provenanceOf(state: ConfigState, key: ConfigKey): Promise<Provenance> {
  const { environment, global, local } = sourcesOf(state)
  return provenanceIn({ environment, global: await global.read(), local: await local.read() }, key)
}

/** @throws {ConfigurationError} `BAD_OPTION` */
function fileOf(sources: Sources, file: ConfigFileName): ConfigFile {
  if (file === 'global' || file === 'local') return sources[file]
  throw badOption("a file of the configuration must be 'global' or 'local'")
}

function openSources(options: AioConfigOptions): Sources {
  const environment = readEnvironment(options)
  const { globalFile, localFile } = environment
  return {
    environment,
    global: globalFile === undefined ? missingFile(noPlace('global')) : configFile(globalFile),
    local: localFile === undefined ? missingFile(noPlace('local')) : configFile(localFile, 'none'),
  }
}

/** The content of all sources, at one moment. */
export interface ConfigContent {
  readonly environment: Environment
  readonly global: ConfigObject
  readonly local: ConfigObject
}

/** Like {@link AioConfig.provenance}, for content that was already read. */
export function provenanceIn({ environment, global, local }: ConfigContent, key: ConfigKey): Provenance {
  const names = namesOf(key)
  const valueIn = (trees: ConfigObject[]) => mergeLayers(layersAt(trees, names), () => tooDeep(undefined))
  return {
    own: valueIn([global, environment.ownTree]),
    local: valueIn([local]),
    localFile: environment.localFile,
    dotEnvFile: environment.dotEnv?.path,
    dotEnvOutside: environment.dotEnv?.inside === false,
    directory: environment.localFile && dirname(environment.localFile),
  }
}

/** Like {@link AioConfig.get}, for content that was already read. */
export function valueIn({ environment, global, local }: ConfigContent, key: ConfigKey): Json | undefined {
  return mergeLayers(layersAt([global, local, environment.tree], namesOf(key)), () => tooDeep(undefined))
}

function noPlace(file: ConfigFileName): UnavailableError {
  return new UnavailableError(
    'STORE_FAILED',
    file === 'local'
      ? 'The working directory was deleted or cannot be inspected, so there is no local .aio file. Change to another directory.'
      : 'The home directory of this user is not known, so there is no global configuration file. Set AIO_CONFIG_FILE or HOME.',
  )
}

function tooDeep(sources: Sources | undefined): Error {
  const path = sources === undefined ? '' : `${sources.global.path} or ${sources.local.path}`
  return unreadable(path, 'is nested too deeply')
}
