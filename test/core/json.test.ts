import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { copyData, isObject, parseObject } from '../../src/core/json.ts'

test.each([
  [{}, true],
  [Object.create(null), true],
  [[], false],
  [null, false],
  ['{}', false],
  [undefined, false],
])('isObject(%j) is %s', (value, expected) => expect(isObject(value)).toBe(expected))

test('parseObject returns objects only', () => {
  expect(parseObject('{"a":[1]}')).toEqual({ a: [1] })
  for (const text of ['[]', 'null', '"a"', '{', '']) expect(parseObject(text)).toBeUndefined()
})

test('copyData copies plain data, also of another realm, into objects of this one', () => {
  const data = runInNewContext('({ text: "a", list: [1, { deep: null }], none: undefined, ["__proto__"]: 1 })')
  const copy = copyData(data)
  expect(copy).not.toBe(data)
  expect(copy.list[1]).not.toBe(data.list[1])
  expect(copy).toStrictEqual({ text: 'a', list: [1, { deep: null }], none: undefined, ['__proto__']: 1 })
})

test('copyData copies dates and bytes', () => {
  const data = { at: new Date(5), bytes: Uint8Array.of(1, 2) }
  const copy = copyData(data)
  expect(copy).toStrictEqual(data)
  expect(copy.at).not.toBe(data.at)
  expect(copy.bytes).not.toBe(data.bytes)
})

test('copyData throws for functions, symbols and circular data', () => {
  const circle: Record<string, unknown> = {}
  circle.self = circle
  for (const value of [{ deep: [() => 1] }, { deep: Symbol('a') }, circle]) expect(() => copyData(value)).toThrow()
})
