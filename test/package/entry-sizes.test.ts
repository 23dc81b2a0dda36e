import { beforeAll, expect, test } from 'vitest'
// @ts-expect-error plain JavaScript, shared with `npm run size`
import { bundleEntry, entriesOfPackage, entryJobs, mostOfBinding, sizeOfBinding } from '../../scripts/bundles-entry.mjs'
import { build } from '../kit/build.ts'

beforeAll(build, 300_000)

test('every entry has a ceiling', () => {
  expect(Object.keys(entryJobs).sort()).toEqual(entriesOfPackage().sort())
})

test.each(Object.entries(entryJobs as Record<string, { readonly ceiling: number }>))(
  '%s, bundled alone, is no larger than it was',
  async (entry, { ceiling }) => {
    const { text, gzip } = await bundleEntry(entry)
    expect(gzip).toBeLessThanOrEqual(ceiling)
    expect(text).toMatch(/export ?\{/)
  },
)

test.each(['react', 'vue', 'svelte'])('imskit/%s adds at most 1 KB to an app that has a client', async (name) => {
  const bytes = await sizeOfBinding(name)
  expect(bytes).toBeGreaterThan(500)
  expect(bytes).toBeLessThanOrEqual(mostOfBinding)
})
