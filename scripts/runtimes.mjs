// the conformance suite in every runtime, or in those named: npm run test:runtimes [-- node deno …]
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
// the oldest Node reads no TypeScript
const outfile = join(root, 'node_modules', '.cache', 'imskit-conformance', 'main.mjs')
mkdirSync(join(outfile, '..'), { recursive: true })
await build({
  entryPoints: [join(root, 'test', 'conformance', 'hosts', 'main.ts')],
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  // "sideEffects" is about the package, not about its tests
  ignoreAnnotations: true,
  outfile,
})
const { main } = await import(pathToFileURL(outfile).href)
process.exit((await main(root, process.argv.slice(2))) ? 0 : 1)
