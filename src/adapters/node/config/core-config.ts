// `@adobe/aio-lib-core-config` in the same process reads the files once, and later writes its copy back

/** The part of `@adobe/aio-lib-core-config` that is used. */
interface CoreConfig {
  reload(): unknown
}

/** The CommonJS modules of the process, by their paths. */
type LoadedModules = Readonly<Record<string, { readonly exports?: Partial<CoreConfig> } | undefined>>

const modulePath = /[\\/]@adobe[\\/]aio-lib-core-config[\\/]src[\\/]index\.js$/
// it sets both in every process in which it has read the configuration
const read = Symbol.for('aio-cli-config.envfile')
const hoisted = Symbol.for('aio-cli-config.envVars')

interface Traces {
  readonly [read]?: unknown
  readonly [hoisted]?: unknown
}

/** Finds its loaded copies; resolves to a function that makes each of them read the files again. */
export async function findCoreConfig(): Promise<() => void> {
  if ((globalThis as Traces)[read] === undefined) return () => {}
  // `Module` exists in every form into which a bundler converts this import
  const { Module } = await import('node:module')
  const { _cache: loaded = {} } = (Module ?? {}) as { readonly _cache?: LoadedModules }
  return () => {
    for (const path of Object.keys(loaded)) {
      if (!modulePath.test(path)) continue
      try {
        loaded[path]?.exports?.reload?.()
      } catch {
        // the file was written; a copy that fails to reload is as outdated as without imskit
      }
    }
  }
}

/** The names of the variables that it has copied from `.env` to `process.env`. */
export function hoistedVariables(): readonly string[] {
  const names = (globalThis as Traces)[hoisted]
  return Array.isArray(names) ? names : []
}
