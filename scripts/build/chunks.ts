import { resolve } from 'node:path'
import type { GetManualChunk } from 'rollup'

/**
 * What an entry needs at its start is one file for the core and one for Node's part, as files cost Node more than code.
 * The rest is split at each `import()` of the source.
 */
export const atStart: GetManualChunk = (id, { getModuleInfo }) => {
  const needs = (entry: string) => {
    const found = new Set([resolve(entry)])
    for (const each of found) for (const next of getModuleInfo(each)?.importedIds ?? []) found.add(next)
    return found.has(id)
  }
  return needs('src/core/exports.ts') ? 'core' : needs('src/adapters/node/exports.ts') ? 'node' : null
}

/** What declarations share. Stores, locks and clocks use `ports` alone. */
export const sharedTypes: GetManualChunk = (id) => {
  if (!/\/src\/core\/|\/jose\//.test(id) || id.endsWith('/exports.ts')) return null
  return /(ports|errors|events)\.ts$/.test(id) ? 'ports' : 'library'
}
