// tabs, processes and isolates under faults, judged by strict servers: node scripts/gauntlet.mjs [seconds] [--short]
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = join(root, 'test', 'gauntlet')
const cache = join(root, 'node_modules', '.cache')
mkdirSync(cache, { recursive: true })
// below node_modules, so that what is bundled finds the packages; another user reads it too
const outdir = mkdtempSync(join(cache, 'imskit-gauntlet-'))
chmodSync(outdir, 0o755)

/** What is tested is the build: an adapter's source stands for its file in `dist`. */
const built = {
  name: 'built',
  setup({ onResolve }) {
    onResolve({ filter: /src\/adapters\/\w+\/index\.ts$/ }, ({ path }) => {
      const [, adapter] = /adapters\/(\w+)\/index\.ts$/.exec(path)
      if (adapter !== 'node') return { path: join(root, 'dist', 'esm', `${adapter}.js`) }
      return { path: pathToFileURL(join(root, 'dist', 'node', 'node.js')).href, external: true }
    })
  },
}
const options = {
  entryNames: '[name]',
  bundle: true,
  format: 'esm',
  outdir,
  outExtension: { '.js': '.mjs' },
  plugins: [built],
  logLevel: 'error',
}
const node = { platform: 'node', target: 'node20', packages: 'external', ignoreAnnotations: true, sourcemap: 'inline' }
const page = { platform: 'browser', target: 'es2022', conditions: ['browser'] }
const worker = {
  platform: 'neutral',
  target: 'es2022',
  mainFields: ['module', 'main'],
  conditions: ['workerd', 'worker'],
}
const entries = (folder, ...names) => names.map((name) => join(source, folder, `${name}.ts`))
await Promise.all([
  build({ ...options, ...node, entryPoints: entries('', 'main') }),
  build({ ...options, ...node, entryPoints: entries('parts', 'process-child') }),
  build({
    ...options,
    ...page,
    entryPoints: [...entries('parts', 'page'), ...entries('controls', 'page-oidc', 'page-auth0')],
  }),
  build({ ...options, ...worker, entryPoints: entries('parts', 'worker') }),
])
const { main } = await import(pathToFileURL(join(outdir, 'main.mjs')).href)
process.on('exit', () => rmSync(outdir, { recursive: true, force: true }))
process.exit((await main(outdir, process.argv.slice(2))) ? 0 : 1)
