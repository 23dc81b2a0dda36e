import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as browser from '../../src/adapters/browser/exports.ts'
import * as node from '../../src/adapters/node/exports.ts'
import * as worker from '../../src/adapters/worker/exports.ts'
import * as emulator from '../../src/emulator/exports.ts'
import * as testing from '../../src/testing/exports.ts'
import { root } from './blocks.ts'

// what the package tells programs that write code: they take every name in it at its word

const textOf = (name: string) => readFileSync(join(root, name), 'utf8')
const exported = new Set([browser, node, worker, emulator, testing].flatMap((entry) => Object.keys(entry)))
const codes = textOf('src/core/errors.ts')
const files = ['AGENTS.md', 'skills/imskit/SKILL.md']

describe.each(files)('%s', (file) => {
  const text = textOf(file)
  /** Code in a line, without blocks. */
  const inline = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

  test('names functions that are exported', () => {
    const functions = inline.flatMap((code) =>
      [...code.matchAll(/(?<![\w.])([a-z]\w+)\(/g)].map(([, name = '']) => name),
    )
    const methods = ['getToken', 'getTokens', 'login']
    const unknown = functions.filter((name) => !exported.has(name) && !methods.includes(name))
    expect(unknown).toEqual([])
    const words = inline.filter(
      (code) => /^[a-z]+[A-Z]\w+$/.test(code) && !/(?:Secret|Token|Id|After|Origins)$/.test(code),
    )
    expect(words.filter((name) => !exported.has(name))).toEqual([])
  })

  test('names error codes that exist', () => {
    const named = inline.filter((code) => /^[A-Z]+_[A-Z_]+$/.test(code))
    expect(named.filter((code) => !codes.includes(`'${code}'`))).toEqual([])
  })

  test('names commands that exist', () => {
    const commands = [...text.matchAll(/npx imskit ([a-z]+)/g)].map(([, name = '']) => name)
    expect(commands.length).toBeGreaterThan(0)
    const help = textOf('docs/command-line.md')
    expect(commands.filter((name) => !help.includes(`### imskit ${name}`))).toEqual([])
  })

  test('is small enough to be read whole', () => expect(text.length).toBeLessThan(6_000))
})

test('the package contains them, and llms.txt', () => {
  const { files: packed } = JSON.parse(textOf('package.json')) as { files: string[] }
  for (const name of ['AGENTS.md', 'llms.txt', 'skills']) {
    expect(packed).toContain(name)
    expect(existsSync(join(root, name))).toBe(true)
  }
})

test('the skill has what programs look for: its name is that of its folder, and a description says when to use it', () => {
  const [, head = ''] = /^---\n([\s\S]+?)\n---\n/.exec(textOf('skills/imskit/SKILL.md')) ?? []
  expect(head).toMatch(/^name: imskit$/m)
  const [, description = ''] = /^description: (.+)$/m.exec(head) ?? []
  expect(description).toMatch(/^Use when /)
  expect(description.length).toBeLessThan(1_024)
})
