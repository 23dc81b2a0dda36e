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
