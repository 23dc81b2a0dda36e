// Node, Deno and Bun: a process that prints a line for each case
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as imskit from 'imskit'
import * as emulator from 'imskit/emulator'
import * as testing from 'imskit/testing'
import { run } from '../run.mjs'

const setting = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const home = mkdtempSync(join(tmpdir(), 'imskit-conformance-'))
let places = 0

function platform() {
  const directory = join(home, String(++places))
  const config = imskit.aioConfig({ cwd: directory, home: directory, env: {} })
  return imskit.nodePlatform({ directory, config })
}

const version = globalThis.Deno?.version.deno ?? globalThis.Bun?.version ?? process.versions.node
console.log(`version ${version}`)
const shared = join(home, 'shared')
await run(
  {
    imskit,
    emulator,
    testing,
    setting,
    platform,
    adapter: {
      entry: imskit,
      expected: 'dist/node/node.js',
      found: import.meta.resolve('imskit').split('/node_modules/imskit/').at(-1),
      exports: { nodePlatform: true, browserPlatform: false },
    },
    makeStore: () => imskit.fileStore({ directory: join(shared, 'tokens') }),
    makeLock: () => imskit.fileLock({ directory: join(shared, 'locks') }),
    makeRedirect: (visit) => imskit.loopbackRedirect({ env: {}, output: () => {}, open: visit, isInteractive: true }),
    comeBack: async (callback) => void (await fetch(callback)).text(),
    cannot: {},
  },
  (result) => console.log(`case ${JSON.stringify(result)}`),
)
rmSync(home, { recursive: true, force: true })
console.log('done')
