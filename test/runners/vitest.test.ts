import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyBlocks, copyFixtures, newProject } from './project.ts'

// Vitest without any configuration; the files that it runs are in fixtures/

interface Results {
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly { readonly status: string; readonly failureMessages: readonly string[] }[]
  }[]
}

// in parts, or the Vitest that runs this file would take it for its own
const comment = (name: string, value: string) => `// @vitest-${name} ${value}\n`
const environments = {
  node: '',
  jsdom: '',
  // it sends a preflight before every request, which IMS refuses
  'happy-dom': comment('environment-options', '{"settings":{"fetch":{"disableSameOriginPolicy":true}}}'),
}

let project: string
/** The result of each file: how many tests passed, or the message of Vitest. */
let outcomes: Map<string, number | string>
let documented: string[]

beforeAll(async () => {
  project = await newProject({ vitest: 'vitest', jsdom: 'jsdom', 'happy-dom': 'happy-dom' })
  for (const [environment, options] of Object.entries(environments))
    copyFixtures('vitest', join(project, environment), comment('environment', environment) + options)
  documented = copyBlocks('vitest', join(project, 'docs'))
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
  const output = join(project, 'results.json')
  const bin = join(project, 'node_modules', 'vitest', 'vitest.mjs')
  const args = [bin, 'run', '--maxWorkers=1', '--reporter=json', `--outputFile=${output}`]
  // what this Vitest tells its own workers is not for another one
  const env = { PATH: process.env.PATH, HOME: project }
  const failure = await promisify(execFile)(process.execPath, args, { cwd: project, env, timeout: 110_000 }).catch(
    (error) => error,
  )
  const { testResults } = JSON.parse(readFileSync(output, 'utf8')) as Results
  outcomes = new Map(
    testResults.map(({ name, message, assertionResults }) => {
      const failures = assertionResults.flatMap(({ failureMessages }) => failureMessages)
      const passed = assertionResults.filter(({ status }) => status === 'passed').length
      const good = passed > 0 && passed === assertionResults.length
      return [relative(project, name), good ? passed : [message, ...failures, failure.stderr].join('\n')]
    }),
  )
}, 300_000)
afterAll(() => project && rmSync(project, { recursive: true, force: true, maxRetries: 5 }))

describe.each(Object.keys(environments))('%s', (environment) => {
  test.each(['loads', 'automock', 'factory', 'spies', 'real'])('%s', (name) => {
    expect(outcomes.get(`${environment}/${name}.test.js`)).toEqual(expect.any(Number))
  })
})

test('the blocks of docs/testing.md', () => {
  expect(documented.length).toBeGreaterThan(1)
  expect(documented.map((name) => outcomes.get(`docs/${name}`))).toEqual(documented.map(() => expect.any(Number)))
})
