import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import * as esbuild from 'esbuild'
import { rollup } from 'rollup'
import * as vite from 'vite'
import webpack from 'webpack'

export type Target = 'node' | 'worker' | 'page'

/** Where to find the program, and for what it is bundled. `out` is an empty directory. */
export interface Job {
  readonly file: string
  readonly out: string
  readonly target: Target
}

/** Bundles into `<out>/bundle.mjs`, and gives back every warning. */
export type Bundler = (job: Job) => Promise<string[]>

/** With `module`, which all four set by default. */
const conditions: Readonly<Record<Target, string[]>> = {
  node: ['node', 'module', 'import', 'default'],
  worker: ['workerd', 'worker', 'module', 'import', 'default'],
  page: ['browser', 'module', 'import', 'default'],
}

const byEsbuild: Bundler = async ({ file, out, target }) => {
  const { warnings } = await esbuild.build({
    entryPoints: [file],
    outdir: out,
    entryNames: 'bundle',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    platform: target === 'node' ? 'node' : target === 'page' ? 'browser' : 'neutral',
    ...(target === 'worker' && { conditions: conditions.worker, mainFields: ['module', 'main'] }),
    logLevel: 'silent',
  })
  return warnings.map(({ text }) => text)
}

const byRollup: Bundler = async ({ file, out, target }) => {
  const warnings: string[] = []
  const bundle = await rollup({
    input: file,
    external: target === 'node' ? /^node:|^@adobe\// : [],
    plugins: [nodeResolve({ browser: target === 'page', exportConditions: conditions[target] })],
    onLog: (level, { message }) => level === 'warn' && void warnings.push(message),
  })
  await bundle.write({ dir: out, entryFileNames: 'bundle.mjs', format: 'es' })
  return warnings
}

const byVite: Bundler = async ({ file, out, target }) => {
  const warnings: string[] = []
  const note = (message: string) => void warnings.push(message)
  const quiet = { hasWarned: false, clearScreen() {}, hasErrorLogged: () => false, info() {} }
  await vite.build({
    root: join(file, '..'),
    configFile: false,
    customLogger: { ...quiet, warn: note, warnOnce: note, error: note },
    resolve: { conditions: conditions[target] },
    ...(target === 'node' && { ssr: { noExternal: ['imskit'], external: ['@adobe/aio-lib-state'] } }),
    ...(target === 'worker' && {
      ssr: { target: 'webworker', noExternal: true, resolve: { conditions: conditions.worker } },
    }),
    build: {
      outDir: out,
      emptyOutDir: false,
      target: 'es2022',
      ssr: target === 'page' ? false : file,
      rollupOptions: {
        input: file,
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: 'bundle.mjs', format: 'es' },
      },
    },
  })
  return warnings
}

const byWebpack: Bundler = async ({ file, out, target }) => {
  const compiler = webpack({
    mode: 'production',
    entry: file,
    target: target === 'node' ? 'node20' : target === 'page' ? 'web' : 'webworker',
    experiments: { outputModule: true },
    externalsType: 'module',
    externals: ['@adobe/aio-lib-state'],
    resolve: { conditionNames: conditions[target] },
    output: {
      path: out,
      filename: 'bundle.mjs',
      library: { type: 'module' },
      module: true,
      chunkFormat: 'module',
      publicPath: target === 'page' ? 'auto' : '',
    },
    optimization: { minimize: false },
    performance: { hints: false },
  })
  const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) =>
    compiler?.run((error, found) => (error ? reject(error) : resolve(found))),
  )
  const { errors = [], warnings = [] } = stats?.toJson({ errors: true, warnings: true }) ?? {}
  return [...errors, ...warnings].map(({ message }) => message)
}

export const bundlers: Readonly<Record<string, Bundler>> = {
  esbuild: byEsbuild,
  rollup: byRollup,
  vite: byVite,
  webpack: byWebpack,
}

export const bundled = (out: string) => readFileSync(join(out, 'bundle.mjs'), 'utf8')
