import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileLock, keychainStore } from 'imskit/node'
import { storeContract } from 'imskit/testing'

const root = mkdtempSync(join(tmpdir(), 'imskit-contract-'))
after(() => rmSync(root, { recursive: true, force: true }))

const directory = join(root, 'tokens')
const lock = fileLock(join(root, 'locks'))
storeContract(test, {
  makeStore: () => keychainStore({ directory, lock }),
  damage: () => {
    for (const name of readdirSync(directory)) writeFileSync(join(directory, name), '{"key":"dam')
  },
  makeFailing: () => {
    writeFileSync(join(root, 'file'), '')
    return keychainStore({ directory: join(root, 'file'), lock })
  },
})
