// Bundles a worker as one would deploy it and runs it in workerd, the runtime of Cloudflare.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'

/** Runs the worker at the URL `source` beside `emulator`; resolves to its address and what ends both. */
export async function runWorker(
  source,
  { emulator, port = 0, bindings, kvNamespaces = [], durableObjects = {}, loader = {} },
) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(source)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker'],
    loader,
  })
  const worker = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0].text }],
    compatibilityDate: '2026-04-01',
    host: 'localhost',
    port,
    kvNamespaces,
    durableObjects,
    bindings,
  })
  const { port: taken } = await worker.ready
  return {
    url: `http://localhost:${taken}/`,
    emulator,
    worker,
    async close() {
      await worker.dispose()
      await emulator.close()
    },
  }
}
