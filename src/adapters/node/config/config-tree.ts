import { ConfigurationError } from '../../../core/errors.ts'
import { badOption } from '../../../core/options.ts'
import type { Json } from '../../../core/ports.ts'
import { copyJson } from '../files/copy-json.ts'

/** A path with dots, as in `@adobe/aio-lib-core-config` (`ims.contexts.x`), or an array of names, which may contain dots. */
export type ConfigKey = string | readonly string[]

export type ConfigObject = { readonly [name: string]: Json }

export function isConfigObject(value: unknown): value is ConfigObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  // YAML has dates and bytes, which count as values
  return !(value instanceof Date || ArrayBuffer.isView(value))
}

/** The names of a key. Blank parts between dots are ignored. */
export function namesOf(key: ConfigKey): readonly string[] {
  if (typeof key === 'string') return key.split('.').filter((name) => name.trim() !== '')
  if (Array.isArray(key) && key.every((name) => typeof name === 'string')) return key
  throw badOption('a key of the configuration must be text with dots, or an array of names')
}

const indexes = new WeakMap<ConfigObject, Map<string, string>>()

/** How `object` spells `name`. If it has several spellings, the first is used, as in `@adobe/aio-lib-core-config`. */
export function spelling(object: ConfigObject, name: string): string | undefined {
  if (name === '__proto__') return undefined
  const wanted = name.toLowerCase()
  let index = indexes.get(object)
  if (index === undefined) {
    const names = Object.keys(object)
    if (names.length <= 16) return names.find((candidate) => candidate.toLowerCase() === wanted)
    index = new Map()
    for (const candidate of names) {
      const lower = candidate.toLowerCase()
      if (!index.has(lower)) index.set(lower, candidate)
    }
    indexes.set(object, index)
  }
  return index.get(wanted)
}

function child(value: Json, name: string): Json | undefined {
  if (Array.isArray(value)) return Object.hasOwn(value, name) && name !== 'length' ? value[Number(name)] : undefined
  if (!isConfigObject(value)) return undefined
  const spelled = spelling(value, name)
  return spelled === undefined ? undefined : value[spelled]
}

/**
 * The value of `names` in each of `layers`, lowest precedence first: one value, or several objects that must be merged.
 * Objects are merged; any other value replaces the whole value below it.
 */
export function layersAt(layers: readonly Json[], names: readonly string[]): readonly Json[] {
  let found = layers
  for (const name of names) {
    const values = found.map((layer) => child(layer, name)).filter((value) => value !== undefined)
    const top = values.findLastIndex((value) => !isConfigObject(value))
    found = top === values.length - 1 ? values.slice(top) : values.slice(top + 1)
    if (found.length === 0) return found
  }
  return found
}

/** Merges the result of {@link layersAt} into one value, which the caller may change. */
export function mergeLayers(layers: readonly Json[], tooDeep: () => Error): Json | undefined {
  const [first, ...rest] = layers
  if (first === undefined) return undefined
  return rest.reduce((low, high) => merge(low, high, tooDeep), copyJson(first, tooDeep))
}

function merge(low: Json, high: Json, tooDeep: () => Error): Json {
  if (!isConfigObject(low) || !isConfigObject(high)) return copyJson(high, tooDeep)
  const merged: Record<string, Json> = { ...low }
  for (const [name, value] of Object.entries(high)) {
    if (spelling(high, name) !== name) continue
    const spelled = spelling(low, name)
    if (spelled === undefined) merged[name] = copyJson(value, tooDeep)
    else merged[spelled] = merge(low[spelled] ?? null, value, tooDeep)
  }
  return merged
}

/** The names in the result of {@link layersAt}, each once in whatever spelling. */
export function mergeNames(layers: readonly Json[]): string[] {
  const names = new Map<string, string>()
  for (const layer of layers) {
    if (!isConfigObject(layer)) continue
    for (const name of Object.keys(layer)) {
      const lower = name.toLowerCase()
      if (lower !== '__proto__' && !names.has(lower)) names.set(lower, name)
    }
  }
  return [...names.values()]
}

/**
 * A tree in which the value at `names` is the result of `change`; `undefined` removes it. All other values are shared
 * with `tree`, and if nothing changes, the result is `tree` itself.
 * @throws ConfigurationError `BAD_OPTION` for a path through a list or a name that cannot be stored
 */
export function changeAt(
  tree: ConfigObject,
  names: readonly string[],
  change: (value: Json | undefined) => unknown,
): ConfigObject {
  const [name, ...rest] = names
  if (name === undefined) return changeWhole(tree, change)
  if (name === '__proto__' || typeof name !== 'string') throw new ConfigurationError('BAD_OPTION', badName)
  const spelled = spelling(tree, name) ?? name
  const current = Object.hasOwn(tree, spelled) ? tree[spelled] : undefined
  if (rest.length > 0) {
    if (Array.isArray(current)) {
      throw new ConfigurationError('BAD_OPTION', `"${spelled}" is a list: set the whole list instead of a part of it.`)
    }
    const inner = isConfigObject(current) ? current : {}
    const changed = changeAt(inner, rest, change)
    return changed === inner ? tree : put(tree, spelled, changed)
  }
  const value = change(current === undefined ? undefined : copyJson(current, badValue))
  if (value === undefined) return current === undefined ? tree : without(tree, name)
  const stored = copyJson(value, badValue)
  return current !== undefined && isEqual(current, stored) ? tree : put(tree, spelled, stored)
}

const badName = 'A configuration key must be text, and must not be "__proto__". Choose another name.'

function badValue(): Error {
  return new ConfigurationError(
    'BAD_OPTION',
    'The value cannot be stored: it is circular, too deeply nested, or contains values that JSON does not support. Pass plain data.',
  )
}

function changeWhole(tree: ConfigObject, change: (value: Json) => unknown): ConfigObject {
  const value = copyJson(change(copyJson(tree, badValue)) ?? {}, badValue)
  if (!isConfigObject(value)) throw new ConfigurationError('BAD_OPTION', 'A whole configuration must be an object.')
  return isEqual(tree, value) ? tree : value
}

function put(tree: ConfigObject, name: string, value: Json): ConfigObject {
  const changed = { ...tree, [name]: value }
  const index = indexes.get(tree)
  if (index !== undefined && Object.hasOwn(tree, name)) indexes.set(changed, index)
  return changed
}

function without(tree: ConfigObject, name: string): ConfigObject {
  const lower = name.toLowerCase()
  return Object.fromEntries(Object.entries(tree).filter(([candidate]) => candidate.toLowerCase() !== lower))
}

function isEqual(a: Json, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
