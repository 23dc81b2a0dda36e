// what is known of `@adobe/aio-lib-core-config` in the same process: it reads the files once, and writes its copy back

/** The part of `@adobe/aio-lib-core-config` that is used. */
interface CoreConfig {
  reload(): unknown
}

/** The CommonJS modules of the process, by their paths. */
type LoadedModules = Readonly<Record<string, { readonly exports?: Partial<CoreConfig> } | undefined>>

const modulePath = /[\\/]@adobe[\\/]aio-lib-core-config[\\/]src[\\/]index\.js$/
// it leaves both in every process in which it has read something
const read = Symbol.for('aio-cli-config.envfile')
const hoisted = Symbol.for('aio-cli-config.envVars')

interface Traces {
  readonly [read]?: unknown
  readonly [hoisted]?: unknown
}

/** Finds the loaded copies; resolves to a function that makes each of them read the files again. */
export async function findCoreConfig(): Promise<() => void> {
  if ((globalThis as Traces)[read] === undefined) return () => {}
  // the name is there in every form that a bundler gives to the import
  const { Module } = await import('node:module')
  const { _cache: loaded = {} } = (Module ?? {}) as { readonly _cache?: LoadedModules }
  return () => {
    for (const path of Object.keys(loaded)) {
      if (!modulePath.test(path)) continue
      try {
        loaded[path]?.exports?.reload?.()
      } catch {
        // what was written is written; a copy that cannot be told is as it would be without us
      }
    }
  }
}

/** The names of the variables that it has copied from `.env` to `process.env`. */
export function hoistedVariables(): readonly string[] {
  const names = (globalThis as Traces)[hoisted]
  return Array.isArray(names) ? names : []
}
