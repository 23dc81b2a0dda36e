import { createHash } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { withLockFile } from '../../../../src/adapters/node/files/lock-file.ts'
import { bundle, type Child, removeDirectory, start, temporaryDirectory } from '../../fixtures/scripts.ts'

/** The directory of the bundled programs. */
export let scripts: string
/** The bundled program of `fixtures/lock-contender.ts`. */
export let contender: string
/** The bundled `lock-file.ts`, for a second copy of it in this process. */
export let module: string
/** The directory of the locks of one test. */
export let directory: string
/** The processes that the test started; they are killed after it. */
export let children: Child[]

beforeAll(async () => {
  scripts = temporaryDirectory()
  contender = await bundle('lock-contender.ts', scripts)
  module = await bundle('../../../src/adapters/node/files/lock-file.ts', scripts)
})
afterAll(() => removeDirectory(scripts))
beforeEach(() => {
  directory = temporaryDirectory()
  children = []
})
afterEach(async () => {
  for (const child of children) child.process.kill('SIGKILL')
  await Promise.all(children.map((child) => child.ended))
  removeDirectory(directory)
})

export function launch(mode: string) {
  const child = start(contender, [directory, mode])
  children.push(child)
  return child
}

export function pathOf(name: string) {
  return join(directory, `${createHash('sha256').update(name).digest('hex')}.lock`)
}

export function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** The text that this process writes into a lock. */
export async function ownText() {
  return withLockFile(join(directory, 'own'), async () => readlinkSync(join(directory, 'own')))
}
