import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { build, cache, root } from '../../kit/build.ts'
import { pack } from '../../kit/packed.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the tarball of the build; `inject('tarball')` in a test. */
    tarball: string
  }
}

/** Builds the package if it is stale, and packs it once for all tests of the run. */
export async function setup({ provide }: TestProject): Promise<void> {
  await build()
  const place = join(cache, 'world-tarball')
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place, { recursive: true })
  provide('tarball', join(place, (await pack(root, place)).filename))
}
