import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')

/** What `npm run fuzz` prints, and how it ends. */
const fuzz = (...args: string[]) =>
  new Promise<{ code: unknown; stdout: string }>((resolve) => {
    execFile(
      process.execPath,
      ['scripts/fuzz.mjs', ...args],
      { cwd: root, timeout: 170_000 },
      (error, stdout, stderr) =>
        resolve({ code: error?.code ?? (error === null ? 0 : 'killed'), stdout: stdout + stderr }),
    )
  })

test('a short search finds nothing wrong with any parser (S36, S82, S98)', { timeout: 180_000 }, async () => {
  const { code, stdout } = await fuzz('20')
  expect(stdout).toMatch(/0 problems in 18 parsers/)
  expect(code).toBe(0)
})

test('a parser that is wrong is found out, in each of the ways that are looked for', { timeout: 180_000 }, async () => {
  const { code, stdout } = await fuzz('12', '--planted', '--seed', '1', '--patience', '5')
  expect(code).toBe(1)
  for (const [name, problem] of [
    ['throws', 'it threw what is not documented'],
    ['quotes', 'its error quotes the input'],
    ['pollutes', 'it changed a prototype'],
    ['result', 'it leads to another site'],
    ['quadratic', '\\d+ characters of .+ times as long as a quarter'],
    ['hangs', 'it hangs'],
  ])
    expect(stdout).toMatch(new RegExp(`planted-${name}: ${problem}`))
})
