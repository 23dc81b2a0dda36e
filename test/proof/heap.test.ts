import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { build, dist, root } from '../kit/build.ts'

// what lives as long as a process gets ever new inputs, and must not grow with them

const program = join(root, 'test/proof/fixtures/soak.mjs')
// more than twice the largest limit; IMSKIT_SOAK_STEPS=100000 takes some minutes
const steps = process.env.IMSKIT_SOAK_STEPS ?? '30000'
const scenarios = [
  'options of getToken',
  'started logins',
  'callbacks of unknown logins',
  'values that expire',
  'names of locks',
  'validated tokens',
  'tokens at a guard',
  'tokens at a guard that asks IMS',
  'guards of one isolate',
  'logins of a backend',
  'forged callbacks of a backend',
  'forged cookies of a backend',
]

beforeAll(build, 300_000)

test('every scenario is tested', () => {
  expect(JSON.parse(execFileSync(process.execPath, [program, dist, '--list'], { encoding: 'utf8' }))).toEqual(scenarios)
})

test.each(scenarios)('the heap has a limit, whatever comes: %s', { timeout: 600_000 }, async (name) => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, dist, name, steps])
  // the least that one remembered input takes is some 200 bytes
  expect(JSON.parse(stdout).grown).toBeLessThan(Number(steps) * 50 + 1_000_000)
})
