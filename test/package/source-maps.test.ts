import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decode, encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec'
import { beforeAll, describe, expect, test } from 'vitest'
import { linesOf } from '../../scripts/build/source-maps.ts'
import { build, root } from '../kit/build.ts'

beforeAll(() => build(), 300_000)

const read = (path: string) => readFileSync(join(root, 'dist', path), 'utf8')

/** The segment that a lookup of a column finds. */
const segmentAt = (line: readonly SourceMapSegment[], column: number) => line.findLast(([start]) => start <= column)

describe('the source maps', () => {
  test('find the same file and line at every column as a map with all segments', () => {
    const line: SourceMapSegment[] = [[0, 0, 4, 0], [3, 0, 4, 9, 1], [5, 0, 5, 2], [9, 0, 4, 20], [12], [14, 1, 4, 0]]
    const full = [line, [], [[0, 1, 4, 7] as SourceMapSegment]]
    const thin = decode(linesOf(encode(full)))
    expect(thin.map(({ length }) => length)).toEqual([5, 0, 1])
    expect(thin.flat().every(({ length }) => length < 5)).toBe(true)
    for (let column = 0; column < 20; column++) {
      const [found, wanted] = [segmentAt(thin[0] ?? [], column), segmentAt(line, column)]
      expect(found?.slice(1, 3), String(column)).toEqual(wanted?.slice(1, 3))
    }
  })

  test.each(['imskit.js', 'imskit.login.js', 'imskit.global.js'])('of %s lead to the line of each message', (name) => {
    const { sources, mappings } = JSON.parse(read(`${name}.map`)) as { sources: string[]; mappings: string }
    const lines = decode(mappings)
    const messages = read(name)
      .split('\n')
      .flatMap((text, index) =>
        [...text.matchAll(/"([A-Z][^"'`\\]{30,})"/g)].map(({ 1: message = '', index: column }) => {
          const [, source = -1, line = -1] = segmentAt(lines[index] ?? [], column) ?? []
          const found = sources[source] && read(sources[source]).split('\n')[line]
          return { message, found }
        }),
      )
    expect(messages.length).toBeGreaterThan(20)
    // terser fills in constants: a message may be a template in the source
    const isFound = (message: string, line = '') =>
      [message.slice(0, 20), message.slice(-20)].some((part) => line.includes(part))
    expect(messages.filter(({ message, found }) => !isFound(message, found))).toEqual([])
  })
})
