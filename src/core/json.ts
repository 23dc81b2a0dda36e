import type { Json } from './ports.ts'

type JsonObject = { readonly [key: string]: Json | undefined }

/** Whether `value` is a JSON object: neither an array nor `null`. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `text` as a JSON object; `undefined` if it is not one. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * A deep copy of plain data. Not `structuredClone`: jsdom lacks it, and in Jest its copies belong to another realm, so
 * `toStrictEqual` fails.
 *
 * @throws {TypeError} if `value` holds functions or symbols
 * @throws {RangeError} if `value` contains itself
 */
export function copyData<Data>(value: Data): Data {
  return copy(value) as Data
}

function copy(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError('the value is not plain data')
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Array.from(value, copy)
  // YAML has dates and binary data
  if (ArrayBuffer.isView(value) || Object.prototype.toString.call(value) === '[object Date]')
    return structuredClone(value)
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copy(item)]))
}

/** An object of plain data as JSON: TypeScript does not take an interface for that, as a program may add members to it. */
export function asJson(value: object): Json {
  return value as Json
}

type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> }

/** `value` without the properties that are `undefined`, which JSON does not have. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>
}
