import { expect, test } from 'vitest'
import type { Command } from '../../src/adapters/node/cli/command.ts'
import { commands } from '../../src/adapters/node/cli/commands.ts'
import type { CheckInput } from '../../src/adapters/node/cli/doctor/finding.ts'
import { checkRuntime } from '../../src/adapters/node/cli/doctor/runtime.ts'
import { parse } from '../../src/adapters/node/cli/parse.ts'
import { nearest } from '../../src/core/nearest.ts'
import { reference } from './reference.ts'

test('docs/command-line.md is what the table says; `npx vitest run test/cli/table.test.ts -u` writes it', async () => {
  await expect(reference()).toMatchFileSnapshot('../../docs/command-line.md')
})

test.each(commands.map((command) => [command.name, command] as const))('the example of %s is one', (name, command) => {
  const words = command.example.match(new RegExp(`imskit ${name}((?: [\\w@.,=-]+)*)`))
  expect(words).not.toBeNull()
  expect(() => parse(command, words?.[1]?.trim().split(' ').filter(Boolean) ?? [])).not.toThrow()
})

test('every command can be loaded', async () => {
  for (const command of commands) expect(await command.load(), command.name).toBeTypeOf('function')
})

test('a word that was mistyped has a nearest one, a strange one has none', () => {
  const names = commands.map(({ name }) => name)
  expect(nearest('tokne', names)).toBe('token')
  expect(nearest('vaildate', names)).toBe('validate')
  expect(nearest('context gte', names)).toBe('context get')
  expect(nearest('frobnicate', names)).toBeUndefined()
})

test('no message of wrong usage repeats a value', () => {
  const token = commands.find(({ name }) => name === 'token') as Command
  for (const words of [['--secret=hunter2'], ['--force=hunter2'], ['a', 'hunter2'], ['--jsno', 'hunter2']]) {
    let message = ''
    try {
      parse(token, words)
    } catch (error) {
      message = (error as Error).message
    }
    expect(message, String(words)).not.toBe('')
    expect(message).not.toContain('hunter2')
  }
})

const patient = (nodeVersion: string, env: NodeJS.ProcessEnv = {}): CheckInput =>
  ({ nodeVersion, env, endpoint: 'https://ims.example', findUndici: () => undefined }) as unknown as CheckInput

test.each([
  ['v18.20.0', 1],
  ['v20.18.1', 1],
  ['v20.19.0', 0],
  ['v24.1.0', 0],
])('doctor knows whether Node %s is old', async (version, findings) => {
  expect(await checkRuntime(patient(version))).toHaveLength(findings)
})

test('doctor knows who follows a proxy', async () => {
  const env = { HTTPS_PROXY: 'http://proxy.example:3128' }
  expect(await checkRuntime(patient('v22.0.0', env))).toMatchObject([{ class: 'tls', level: 'warning' }])
  expect(await checkRuntime(patient('v24.5.0', { ...env, NODE_USE_ENV_PROXY: '1' }))).toEqual([])
  expect(await checkRuntime(patient('v22.0.0', { HTTPS_PROXY: '://nonsense' }))).toMatchObject([{ level: 'problem' }])
  const findUndici = () => ({ version: '7.0.0', EnvHttpProxyAgent: class {} })
  expect(await checkRuntime({ ...patient('v20.19.0', env), findUndici })).toEqual([])
  expect(await checkRuntime(patient('v22.0.0', { HTTP_PROXY: 'http://proxy.example' }))).toEqual([])
})
