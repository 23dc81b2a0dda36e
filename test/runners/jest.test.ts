import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyBlocks, copyFixtures, newProject } from './project.ts'

// Jest without any configuration; the files that it runs are in fixtures/

const run = promisify(execFile)

interface Results {
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** The result of each file: how many tests passed, or the message of Jest. */
async function jest(folder: string, nodeOptions = ''): Promise<Map<string, number | string>> {
  const output = join(folder, 'results.json')
  const temporary = join(folder, 'node_modules', '.tmp')
  mkdirSync(temporary, { recursive: true })
  const bin = join(folder, '..', 'node_modules', 'jest', 'bin', 'jest.js')
  const env = { PATH: process.env.PATH, HOME: folder, TMPDIR: temporary, NODE_OPTIONS: nodeOptions }
  const args = [bin, '--runInBand', '--no-watchman', '--json', '--outputFile', output]
  const failure = await run(process.execPath, args, { cwd: folder, env, timeout: 110_000 }).catch((error) => error)
  rmSync(temporary, { recursive: true, force: true })
  const { testResults } = JSON.parse(readFileSync(output, 'utf8')) as Results
  const entries = testResults.map(({ name, message, assertionResults }) => {
    const passed = assertionResults.filter(({ status }) => status === 'passed').length
    return [relative(folder, name), passed === assertionResults.length && passed > 0 ? passed : message] as const
  })
  if (entries.length === 0) throw new Error(String(failure.stderr))
  return new Map(entries)
}

const tests = ['loads', 'automock', 'factory', 'spies', 'real']

describe.each(['29', '30'])('Jest %s', (version) => {
  let project: string
  let plain: Map<string, number | string>
  let documented: string[]

  beforeAll(async () => {
    project = await newProject({
      jest: `jest${version}`,
      'jest-environment-jsdom': `jest-environment-jsdom${version}`,
    })
    const folder = join(project, 'plain')
    for (const environment of ['node', 'jsdom']) {
      copyFixtures('jest', join(folder, environment), `/** @jest-environment ${environment} */\n`)
      const other = environment === 'node' ? 'jsdom' : 'node'
      rmSync(join(folder, environment, `real-${other}.test.js`))
    }
    documented = copyBlocks('jest', folder)
    writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true }')
    plain = await jest(folder)
  }, 300_000)
  afterAll(() => project && rmSync(project, { recursive: true, force: true, maxRetries: 5 }))

  describe.each(['node', 'jsdom'])('%s', (environment) => {
    test.each(tests)('%s', (name) => {
      const file = `${environment}/${name === 'real' ? `real-${environment}` : name}.test.js`
      expect(plain.get(file)).toEqual(expect.any(Number))
    })
  })

  test('the blocks of docs/testing.md', () => {
    expect(documented.length).toBeGreaterThan(3)
    expect(documented.map((name) => plain.get(name))).toEqual(documented.map(() => expect.any(Number)))
  })

  test('ES modules, in both environments', async () => {
    const folder = join(project, 'modules')
    for (const environment of ['node', 'jsdom'])
      copyFixtures('jest-modules', join(folder, environment), `/** @jest-environment ${environment} */\n`)
    writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
    const results = await jest(folder, '--experimental-vm-modules')
    expect([...results]).toEqual([...results.keys()].map((file) => [file, expect.any(Number)]))
    expect(results.size).toBe(2)
  }, 120_000)
})
