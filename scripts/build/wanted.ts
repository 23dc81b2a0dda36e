import type { LogHandlerWithDefault, RollupOptions } from 'rollup'

const onLog: LogHandlerWithDefault = (level, log, handler) => {
  if (level === 'warn') throw new Error(`${log.code}: ${log.message}`)
  handler(level, log)
}

/** Those of `builds` that the variable ONLY names, else all. A warning fails the build. */
export function wanted(builds: Readonly<Record<string, RollupOptions | RollupOptions[]>>): RollupOptions[] {
  const chosen = (process.env.ONLY?.split('+') ?? Object.keys(builds)).flatMap((name) => {
    const build = builds[name]
    if (build === undefined) throw new Error(`there is no build ${name}, but ${Object.keys(builds).join(', ')}`)
    return build
  })
  // one file at a time: which modules share a chunk would otherwise hang on which of them was read first (rollup#5902)
  return chosen.map((build) => ({ ...build, onLog, maxParallelFileOps: 1 }))
}
