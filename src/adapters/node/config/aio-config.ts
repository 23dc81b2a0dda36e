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
 * with those of `.env`, each above the one before. Names match in any case.
 *
 * Every call looks whether the files changed. The environment and `.env` are read at first use and on `reload`.
 * Every method rejects with `ConfigurationError` `CONFIG_UNREADABLE`, naming the path, if a file it needs is damaged, and
 * with `UnavailableError` `STORE_FAILED` if a file cannot be read.
 */
export interface AioConfig {
  /** The value under `key`, merged from all sources or from one; a copy. `undefined` where there is none. */
  get(key?: ConfigKey, source?: ConfigSource): Promise<Json | undefined>
  /** The names under `key`, each once, in the spelling of the lowest source that has it. Cheaper than `get`. */
  names(key?: ConfigKey, source?: ConfigSource): Promise<string[]>
  /**
   * Stores what `change` makes of the value that the file holds under `key` at that moment; `undefined` removes it,
   * in every spelling. `change` gets a copy, must be pure and may run more than once; what it throws is thrown
   * untouched, and nothing is written. `null` and empty objects are not stored. An unchanged value writes nothing.
   * @throws ConfigurationError `BAD_OPTION`, `CONFIG_UNREADABLE`; the file is left as it is
   * @throws UnavailableError `STORE_FAILED`, `TIMEOUT`; the file is left as it is
   */
  update(
    file: ConfigFileName,
    key: ConfigKey,
    change: (value: Json | undefined) => Json | undefined,
    signal?: AbortSignal,
  ): Promise<void>
  /** {@link AioConfig.update} with a value that doesn't depend on the old one. */
  set(file: ConfigFileName, key: ConfigKey, value: Json | undefined, signal?: AbortSignal): Promise<void>
  /**
   * Proves that a later update can be written, and reserves its room on the disk.
   * @throws UnavailableError `STORE_FAILED`, `TIMEOUT`; nothing is left behind
   */
  prepare?(file: ConfigFileName): Promise<PreparedUpdate>
  /**
   * Where a file is, or would be.
   * @throws UnavailableError `STORE_FAILED` if there is no home directory or no working directory
   */
  path(file: ConfigFileName): Promise<string>
  /** Which part of what is under `key` the working directory (`./.aio`, `./.env`) says. Default: none. */
  provenance?(key: ConfigKey): Promise<Provenance>
  /** An environment variable: the real one, else that of `.env`. `process.env` is never changed. */
  variable(name: string): Promise<string | undefined>
  /** Looks again, at the next call, at the working directory, the environment and `.env`. */
  reload(): void
}

/** What is needed to say whether a value is the user's own or the working directory's. */
export interface Provenance {
  /** What the user's own sources say: the global file and the variables of the process. */
  readonly own: Json | undefined
  /** What the local file says. */
  readonly local: Json | undefined
  readonly localFile: string | undefined
  /** The `.env` file, if it sets a variable. */
  readonly dotEnvFile: string | undefined
  /** Whether a link leads from `.env` out of the working directory, so that its secrets may be the user's own. */
  readonly dotEnvOutside: boolean
  readonly directory: string | undefined
}

/** An update whose room on the disk is reserved. */
export interface PreparedUpdate {
  /** As {@link AioConfig.update} of the same file, once. */
  update(key: ConfigKey, change: (value: Json | undefined) => Json | undefined): Promise<void>
  /** Gives the room back, if no update has used it. */
  discard(): void
}

// what the tokens of a context take at most
const tokensRoom = 32_768

interface Sources {
  readonly environment: Environment
  readonly global: ConfigFile
  readonly local: ConfigFile
}

const optionNames: OptionNames<AioConfigOptions> = { cwd: 1, env: 1, home: 1 }

/** Opens nothing and reads nothing before the first call of a method. */
export function aioConfig(options: AioConfigOptions = {}): AioConfig {
  checkOptions('aioConfig', options, optionNames)
  let opened: Sources | undefined

  function open(): Sources {
    opened ??= openSources(options)
    return opened
  }

  async function layers(source: ConfigSource | undefined): Promise<ConfigObject[]> {
    const { environment, global, local } = opened ?? open()
    if (source === 'env') return [environment.tree]
    if (source !== undefined) return [await (source === 'local' ? local : global).read()]
    const low = global.read()
    const lowTree = low instanceof Promise ? await low : low
    const high = local.read()
    return [lowTree, high instanceof Promise ? await high : high, environment.tree]
  }

  async function provenance(key: ConfigKey): Promise<Provenance> {
    const { environment, global, local } = opened ?? open()
    return provenanceIn({ environment, global: await global.read(), local: await local.read() }, key)
  }

  async function update(
    file: ConfigFileName,
    key: ConfigKey,
    change: (value: Json | undefined) => unknown,
    signal?: AbortSignal,
  ) {
    if (typeof change !== 'function') throw badOption('an update of the configuration takes a function')
    const sources = open()
    await fileOf(sources, file).update((tree) => changeAt(tree, namesOf(key), change), signal)
  }

  return {
    async get(key = '', source) {
      return mergeLayers(layersAt(await layers(source), namesOf(key)), () => tooDeep(opened))
    },
    async names(key = '', source) {
      return mergeNames(layersAt(await layers(source), namesOf(key)))
    },
    update,
    set: (file, key, value, signal) => update(file, key, () => value, signal),
    async prepare(file) {
      const { update, discard } = await fileOf(open(), file).prepare(tokensRoom)
      return { update: (key, change) => update((tree) => changeAt(tree, namesOf(key), change)), discard }
    },
    async path(file) {
      const sources = open()
      fileOf(sources, file)
      const { environment } = sources
      const path = file === 'local' ? environment.localFile : environment.globalFile
      if (path === undefined) throw noPlace(file)
      return path
    },
    provenance,
    variable: async (name) => open().environment.variables[name],
    reload() {
      opened = undefined
    },
  }
}

/** @throws {ConfigurationError} `BAD_OPTION` */
function fileOf(sources: Sources, file: ConfigFileName): ConfigFile {
  if (file === 'global' || file === 'local') return sources[file]
  throw badOption("a file of the configuration is 'global' or 'local'")
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

/** As {@link AioConfig.provenance}. */
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

/** As {@link AioConfig.get}. */
export function valueIn({ environment, global, local }: ConfigContent, key: ConfigKey): Json | undefined {
  return mergeLayers(layersAt([global, local, environment.tree], namesOf(key)), () => tooDeep(undefined))
}

function noPlace(file: ConfigFileName): UnavailableError {
  return new UnavailableError(
    'STORE_FAILED',
    file === 'local'
      ? 'The working directory was deleted or cannot be looked at, so there is no local .aio file. Change to another directory.'
      : 'The home directory of this user is not known, so there is no global configuration file. Set AIO_CONFIG_FILE or HOME.',
  )
}

function tooDeep(sources: Sources | undefined): Error {
  const path = sources === undefined ? '' : `${sources.global.path} or ${sources.local.path}`
  return unreadable(path, 'is nested too deeply')
}
