import type { Json } from '../../../core/ports.ts'

const deepest = 200

/**
 * A deep copy of `value` as JSON would represent it, without members named `__proto__`.
 * @throws the error that `invalid` returns if `value` is circular, too deeply nested or contains values that JSON does
 *   not support
 */
export function copyJson(value: unknown, invalid: () => Error, depth = 0): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'object' || depth > deepest) throw invalid()
  if (Array.isArray(value)) {
    return value.map((item) => (isAbsent(item) ? null : copyJson(item, invalid, depth + 1)))
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return copyJson(value.toJSON(), invalid, depth + 1)
  const copy: Record<string, Json> = {}
  for (const [name, item] of Object.entries(value)) {
    if (name !== '__proto__' && !isAbsent(item)) copy[name] = copyJson(item, invalid, depth + 1)
  }
  return copy
}

/** Whether JSON omits the value from an object. */
function isAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol'
}
