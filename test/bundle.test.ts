import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  bleeding,
  bleedingLogin,
  bleedingRefresh,
  bundle,
  files,
  gzipped,
  inOneFile,
  jobs,
  silentFlows,
  startOfEsbuild,
  // @ts-expect-error plain JavaScript, shared with `npm run size`
} from '../scripts/bundles.mjs'

interface Job {
  readonly code: string
  readonly ceiling?: number
  readonly budget: number
}

interface ScriptTag {
  readonly ceiling: number
  readonly login: boolean
}

const ours = Object.entries(jobs as Record<string, Job>).filter(([, { ceiling }]) => ceiling !== undefined)

describe('what a page is sent', () => {
  test.each(ours)('%s: no other flow, no other runtime, within its budget', async (_, { code, ceiling, budget }) => {
    const { text, whole, start, late } = await bundle(code)
    expect(bleeding.exec(text)?.[0]).toBeUndefined()
    expect(whole).toBeLessThanOrEqual(ceiling ?? 0)
    expect(start).toBeLessThanOrEqual(budget)
    // what speaks to IMS is not loaded before it is needed
    expect(late).toBeGreaterThan(start / 2)
  })

  test.each(ours)('%s: esbuild’s splitting loads nothing that calls IMS at start', async (_, { code, budget }) => {
    const { modules, bytes } = await startOfEsbuild(code)
    expect((modules as string[]).filter((name) => /oauth4webapi|\/ims\/http/.test(name))).toEqual([])
    // it makes some fifteen files of that, each gzipped alone
    expect(bytes).toBeLessThanOrEqual(budget + 6_000)
  })

  test('the bleed list knows a secret flow when it sees one', async () => {
    const code = "export { clientCredentials, jwtBearer } from './src/core/index.ts'"
    expect((await bundle(code)).text).toMatch(bleeding)
  })

  const clientOf = (flow: string) => `
    import { createClient, memoryPlatform, ${flow} } from './src/core/index.ts'
    export const client = (options) => createClient({ flow: ${flow}(options), ...memoryPlatform() })`

  test.each(silentFlows() as string[])('a client of %s has no login', async (flow) => {
    expect(bleedingLogin.exec(await inOneFile(clientOf(flow)))?.[0]).toBeUndefined()
  })

  const others = (silentFlows() as string[]).filter((flow) => flow !== 'refreshToken')

  test.each(others)('a client of %s redeems no refresh token', async (flow) => {
    expect(bleedingRefresh.exec(await inOneFile(clientOf(flow)))?.[0]).toBeUndefined()
  })

  const whole: [string, RegExp][] = [
    ['authorizationCode', bleedingLogin],
    ['authorizationCode', bleedingRefresh],
    ['refreshToken', bleedingRefresh],
  ]

  test.each(whole)('a client of %s has all of it', async (flow, bleeds) => {
    const text: string = await inOneFile(clientOf(flow))
    const words = bleeds.source.replaceAll(/\\([/.])/g, '$1').split('|')
    expect(words.filter((word) => !text.includes(word))).toEqual([])
  })

  test.each(Object.entries(files as Record<string, ScriptTag>))('dist/%s is one file', (name, { ceiling, login }) => {
    const file = new URL(`../dist/${name}`, import.meta.url)
    expect(existsSync(file), 'run npm run build first').toBe(true)
    const text = readFileSync(file, 'utf8')
    // the whole library has every flow that IMS's API has
    expect(bleeding.test(text)).toBe(!login)
    expect(/(?:^|;)import\b|\bimport\(/.test(text)).toBe(false)
    expect(gzipped(text)).toBeLessThanOrEqual(ceiling)
  })
})
