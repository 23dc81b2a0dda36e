import type { Json } from './ports.ts'

type JsonObject = { readonly [key: string]: Json | undefined }

/** Whether `value` is an object as JSON has them: not an array, not `null`. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `text` as a JSON object, or `undefined`. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * A copy of plain data that shares nothing with `value`. `structuredClone` is not in jsdom, and what it copies in Jest
 * belongs to another realm, where `toStrictEqual` fails.
 *
 * @throws if `value` holds functions, symbols or itself
 */
export function copyData<Data>(value: Data): Data {
  return copy(value) as Data
}

function copy(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError('the value is not plain data')
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Array.from(value, copy)
  // YAML has these
  if (ArrayBuffer.isView(value) || Object.prototype.toString.call(value) === '[object Date]')
    return structuredClone(value)
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copy(item)]))
}

/** An object of plain data as JSON: TypeScript does not take an interface for that, as a program may add members to it. */
export function asJson(value: object): Json {
  return value as Json
}
