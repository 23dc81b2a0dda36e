import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { copyData } from '../../src/core/json.ts'

test('copies plain data, also of another realm, into objects of this one', () => {
  const data = runInNewContext('({ text: "a", list: [1, { deep: null }], none: undefined, ["__proto__"]: 1 })')
  const copy = copyData(data)
  expect(copy).not.toBe(data)
  expect(copy.list[1]).not.toBe(data.list[1])
  expect(copy).toStrictEqual({ text: 'a', list: [1, { deep: null }], none: undefined, ['__proto__']: 1 })
})

test('keeps dates and bytes as they are', () => {
  const data = { at: new Date(5), bytes: Uint8Array.of(1, 2) }
  const copy = copyData(data)
  expect(copy).toStrictEqual(data)
  expect(copy.at).not.toBe(data.at)
  expect(copy.bytes).not.toBe(data.bytes)
})

test('refuses functions, symbols and circles', () => {
  const circle: Record<string, unknown> = {}
  circle.self = circle
  for (const value of [{ deep: [() => 1] }, { deep: Symbol('a') }, circle]) expect(() => copyData(value)).toThrow()
})
