import { readFileSync } from 'node:fs'
import { gzipped, inOneFile } from './bundles.mjs'

const page = {}
const worker = { platform: 'neutral', mainFields: ['module', 'main'], conditions: ['workerd', 'worker'] }
const node = { platform: 'node' }
/** The frameworks of the bindings. */
const frameworks = ['react', 'vue', 'svelte']

/** Each entry in its own runtime, and how many bytes its exports may have, gzipped: a ceiling that may only go down. */
export const entryJobs = {
  imskit: { runtime: node, ceiling: 113_150 },
  'imskit/node': { runtime: node, ceiling: 113_150 },
  'imskit/browser': { runtime: page, ceiling: 72_550 },
  'imskit/worker': { runtime: worker, ceiling: 93_850 },
  'imskit/next': { runtime: worker, ceiling: 38_300 },
  'imskit/core': { runtime: page, ceiling: 64_700 },
  'imskit/emulator': { runtime: worker, ceiling: 39_000 },
  'imskit/src/context': { runtime: node, ceiling: 95_250 },
  'imskit/testing': { runtime: page, ceiling: 4_050 },
  'imskit/hono': { runtime: worker, ceiling: 47_400 },
  'imskit/express': { runtime: node, ceiling: 49_050 },
  'imskit/react': { runtime: page, ceiling: 2_050 },
  'imskit/vue': { runtime: page, ceiling: 2_150 },
  'imskit/svelte': { runtime: page, ceiling: 1_800 },
}

/** How many bytes a binding may add to an app that has a client, gzipped. */
export const mostOfBinding = 1_024

/** How many bytes all of a binding adds to an app that has a client, gzipped. */
export async function sizeOfBinding(name) {
  const client = `import { authorizationCode, browserPlatform, createClient } from 'imskit/browser'
    const flow = authorizationCode({ clientId: 'c', scopes: 'openid', redirectUri: '/' })
    export const client = createClient({ flow, ...browserPlatform() })`
  const sizeOf = async (code) => gzipped(await inOneFile(code, { external: frameworks }))
  const [without, whole] = await Promise.all([sizeOf(client), sizeOf(`${client}\nexport * from 'imskit/${name}'`)])
  return whole - without
}

/** What `exports` of the package names, as programs import it. */
export const entriesOfPackage = () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
  const paths = Object.keys(exports).filter((path) => !['./package.json', './src/context.js'].includes(path))
  return paths.map((path) => `imskit${path.slice(1)}`)
}

/** All of an entry as a bundler for its runtime ships it. */
export async function bundleEntry(entry) {
  const external = ['node:http', 'node:https', '@adobe/aio-lib-state', 'next/*', ...frameworks]
  const text = await inOneFile(`export * from '${entry}'`, { external, ...entryJobs[entry].runtime })
  return { text, gzip: gzipped(text) }
}
