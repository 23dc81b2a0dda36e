import { mkdtempSync, readdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { fileLock } from '../../src/adapters/node/files/lock-file.ts'
import { fileStore } from '../../src/adapters/node/files/store-file.ts'
import { lockContract, storeContract } from '../../src/testing/index.ts'

let root: string
let made = 0

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'imskit-contracts-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const newDirectory = () => mkdtempSync(join(root, 'medium-'))

describe('fileStore', () => {
  let directory: string
  beforeAll(() => {
    directory = newDirectory()
  })
  storeContract(test, {
    makeStore: () => fileStore({ directory }),
    damage: () => {
      for (const name of readdirSync(directory)) writeFileSync(join(directory, name), '{"key":"dam')
    },
  })
})

describe('fileLock', () => {
  let directory: string
  beforeAll(() => {
    directory = newDirectory()
  })
  lockContract(test, {
    /** Each by a path of its own, as in another process: one process takes turns by path before it looks at the file. */
    makeLock: () => {
      const path = join(root, `path-${++made}`)
      symlinkSync(directory, path)
      return fileLock({ directory: path })
    },
    lose: () => {
      for (const name of readdirSync(directory)) unlinkSync(join(directory, name))
    },
    makeFailing: () => {
      const own = newDirectory()
      const fail = () => {
        rmSync(own, { recursive: true })
        writeFileSync(own, 'no directory')
      }
      return { lock: fileLock({ directory: own }), fail }
    },
  })
})
