import { readFileSync } from 'node:fs'
import { gzipped, inOneFile } from './bundles.mjs'

const page = {}
const worker = { platform: 'neutral', mainFields: ['module', 'main'], conditions: ['workerd', 'worker'] }
const node = { platform: 'node' }

/** Each entry in its own runtime, and how many bytes its exports may have, gzipped: a ceiling that may only go down. */
export const entryJobs = {
  imskit: { runtime: node, ceiling: 110_800 },
  'imskit/node': { runtime: node, ceiling: 110_800 },
  'imskit/browser': { runtime: page, ceiling: 70_300 },
  'imskit/worker': { runtime: worker, ceiling: 88_750 },
  'imskit/core': { runtime: page, ceiling: 62_250 },
  'imskit/emulator': { runtime: worker, ceiling: 38_100 },
  'imskit/src/context': { runtime: node, ceiling: 94_500 },
  'imskit/testing': { runtime: page, ceiling: 4_050 },
}

/** What `exports` of the package names, as programs import it. */
export const entriesOfPackage = () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
  const paths = Object.keys(exports).filter((path) => !['./package.json', './src/context.js'].includes(path))
  return paths.map((path) => `imskit${path.slice(1)}`)
}

/** All of an entry as a bundler for its runtime ships it. */
export async function bundleEntry(entry) {
  const external = ['node:http', 'node:https', '@adobe/aio-lib-state']
  const text = await inOneFile(`export * from '${entry}'`, { external, ...entryJobs[entry].runtime })
  return { text, gzip: gzipped(text) }
}
