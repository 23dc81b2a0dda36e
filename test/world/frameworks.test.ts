import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { blocksOf, textOf } from '../docs/blocks.ts'
import { manifestsOf } from './kit/installed.ts'

const recipes = blocksOf('docs/frameworks.md').filter(({ place }) => place === 'recipe')
const names = [...new Set(recipes.map(({ words }) => words.find((word) => word.startsWith('of='))?.slice(3) ?? ''))]
const frameworks = names.filter((name) => name !== 'all')

test('every recipe has a test', () => {
  expect(frameworks.length).toBe(4)
  expect(frameworks.filter((name) => !existsSync(`${manifestsOf(name)}.test.ts`))).toEqual([])
})

test('the page names the versions that are tested', () => {
  const [, table = ''] = /\n(\| framework .*?)\n\n/s.exec(textOf('docs/frameworks.md')) ?? []
  const tested = ['next', ...frameworks].flatMap((name) => {
    const { dependencies } = JSON.parse(readFileSync(join(manifestsOf(name), 'package.json'), 'utf8'))
    return Object.entries<string>(dependencies)
  })
  const named = [...table.matchAll(/\d+\.\d+\.\d+/g)].map(([version]) => version)
  expect(named.length).toBeGreaterThan(6)
  expect(named.filter((version) => !tested.some(([, each]) => each === version))).toEqual([])
})
