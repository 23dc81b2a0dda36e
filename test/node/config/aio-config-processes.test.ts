import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { aioConfig } from '../../../src/adapters/node/config/aio-config.ts'
import { bundle, type Child, removeDirectory, start, temporaryDirectory } from '../fixtures/scripts.ts'

let scripts: string
let writerScript: string
let readerScript: string
let directory: string
let file: string
let children: Child[]

beforeAll(async () => {
  scripts = temporaryDirectory()
  writerScript = await bundle('config-writer.ts', scripts)
  readerScript = await bundle('config-reader.ts', scripts)
})
afterAll(() => removeDirectory(scripts))
beforeEach(() => {
  directory = temporaryDirectory()
  file = join(directory, 'aio')
  children = []
})
afterEach(async () => {
  for (const child of children) child.process.kill('SIGKILL')
  await Promise.all(children.map((child) => child.ended))
  removeDirectory(directory)
})

function launch(script: string, ...args: string[]) {
  const env = { PATH: process.env.PATH, XDG_CONFIG_HOME: directory, HOME: directory }
  const child = start(script, args, env)
  children.push(child)
  return child
}

function writeBefore(count: number) {
  const entries = Array.from({ length: count }, (_, i) => [
    `before-${i}`,
    { client_id: `${i}`, filler: 'b'.repeat(1000) },
  ])
  mkdirSync(directory, { recursive: true })
  writeFileSync(file, JSON.stringify({ other: { kept: true }, ims: { contexts: Object.fromEntries(entries) } }), {
    mode: 0o600,
  })
}

function contexts(): string[] {
  return Object.keys(JSON.parse(readFileSync(file, 'utf8')).ims.contexts)
}

describe('eight processes that write 400 contexts into one file', () => {
  const writers = Array.from({ length: 8 }, (_, i) => `w${i}`)
  const rounds = Array.from({ length: 50 }, (_, i) => i)

  test.each([
    ['at once', false],
    ['strictly one after another', true],
  ])('%s: none is lost, and a reader never sees half a file', async (_, inTurn) => {
    writeBefore(20)
    const running = writers.map((id) => launch(writerScript, id))
    const reader = launch(readerScript, file)
    await Promise.all([...running, reader].map((child) => child.next()))
    if (inTurn) {
      for (const round of rounds) for (const writer of running) expect(await writer.ask([round])).toBe('done')
    } else {
      await Promise.all(running.map(async (writer) => expect(await writer.ask(rounds)).toBe('done')))
    }
    const seen = (await reader.ask('stop')) as Record<string, number>
    expect(seen).toMatchObject({ empty: 0, broken: 0, incomplete: 0 })
    expect(seen.looks).toBeGreaterThan(100)
    const present = new Set(contexts())
    expect(
      writers.flatMap((id) => rounds.map((round) => `${id}-${round}`)).filter((name) => !present.has(name)),
    ).toEqual([])
    expect(present.size).toBe(420)
    expect(JSON.parse(readFileSync(file, 'utf8')).other).toEqual({ kept: true })
    expect(readdirSync(directory)).toEqual(['aio'])
  })
})

test('200 writers killed in the middle of writing: the file is always whole, and the lock frees itself (S74)', async () => {
  writeBefore(100)
  let kills = 0
  const lane = async (id: string) => {
    while (kills < 200) {
      kills += 1
      const writer = launch(writerScript, id, 'forever')
      await writer.next()
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
      writer.process.kill('SIGKILL')
      await writer.ended
      children.splice(children.indexOf(writer), 1)
      expect(contexts().filter((name) => name.startsWith('before-'))).toHaveLength(100)
    }
  }
  await Promise.all(['a', 'b', 'c', 'd'].map(lane))
  const config = aioConfig({ cwd: directory, home: directory, env: { XDG_CONFIG_HOME: directory } })
  await config.set('global', 'ims.contexts.last', { a: 1 })
  expect(contexts()).toContain('last')
  expect(contexts()).toHaveLength(105)
  // who is killed while taking over from a killed one may leave its second lock, which the next such takes over
  const left = readdirSync(directory).filter((name) => !/^aio\.lock(\.evict)+$/.test(name))
  expect(left).toEqual(['aio'])
}, 60_000)
