import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'

const make = () => mkdtempSync(join(tmpdir(), 'imskit-test-'))
// programs that were stopped may still write for a moment
const remove = (folder: string) => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })

/** An empty folder for one test, removed when the test has finished. */
export function newFolder(): string {
  const folder = make()
  onTestFinished(() => remove(folder))
  return folder
}

/** An empty folder for all tests of a file, removed after them; to be called outside of tests and hooks. */
export function folderOfFile(): string {
  const folder = make()
  afterAll(() => remove(folder))
  return folder
}
