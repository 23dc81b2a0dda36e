import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyBlocks, copyFixtures, newProject } from './project.ts'

// `node --test` and sinon; the files that they run are in fixtures/

let project: string

beforeAll(async () => {
  project = await newProject({ sinon: 'sinon' })
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
}, 300_000)
afterAll(() => project && rmSync(project, { recursive: true, force: true, maxRetries: 5 }))

async function nodeTest(folder: string, files: readonly string[]): Promise<string> {
  const paths = files.map((file) => join(folder, file))
  const env = { PATH: process.env.PATH, HOME: project }
  const args = ['--test', '--test-reporter=spec', ...paths]
  const run = promisify(execFile)(process.execPath, args, { cwd: project, env, timeout: 60_000 })
  return (await run.catch(({ stdout }: { stdout: string }) => ({ stdout }))).stdout
}

const passed = /^ℹ fail 0$/m

test('mock.method, mocked timers and sinon', async () => {
  const files = copyFixtures('node-test', join(project, 'fixtures'))
  expect(files).toEqual(['node.test.js', 'sinon.test.js'])
  const output = await nodeTest('fixtures', files)
  expect(output).toMatch(passed)
  expect(output).toMatch(/^ℹ pass 8$/m)
}, 90_000)

test('the blocks of docs/testing.md', async () => {
  const files = copyBlocks('node-test', join(project, 'docs'))
  expect(files.length).toBe(3)
  const output = await nodeTest('docs', files)
  expect(output).toMatch(passed)
  expect(output).toMatch(/^ℹ pass 4$/m)
}, 90_000)
