import { readFileSync } from 'node:fs'
import commonjs from '@rollup/plugin-commonjs'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import type { OutputOptions, RollupOptions } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import esbuild from 'rollup-plugin-esbuild'
import { atStart, sharedTypes } from './scripts/build/chunks.ts'
import { clientBoundary, commonJsEntries, typesOfEntries } from './scripts/build/entries.ts'
import { smallLibraries, smallParser } from './scripts/build/parser.ts'
import { linesOnly } from './scripts/build/source-maps.ts'
import { smallStyles } from './scripts/build/styles.ts'
import { billOfMaterials, notices } from './scripts/build/third-party.ts'
import { wanted } from './scripts/build/wanted.ts'

const { dependencies, peerDependencies, version } = JSON.parse(readFileSync('package.json', 'utf8'))

const folders = {
  core: 'src/core',
  node: 'src/adapters/node',
  browser: 'src/adapters/browser',
  worker: 'src/adapters/worker',
  next: 'src/bindings/next',
  emulator: 'src/emulator',
  testing: 'src/testing',
  hono: 'src/bindings/hono',
  express: 'src/bindings/express',
  react: 'src/bindings/react',
  vue: 'src/bindings/vue',
  svelte: 'src/bindings/svelte',
}
/** The file `name` in the folder of each entry. */
const ofEach = (name: 'index' | 'exports') =>
  Object.fromEntries(Object.entries(folders).map(([entry, folder]) => [entry, `${folder}/${name}.ts`]))
/** The deep path of `@adobe/aio-lib-ims` that its plug-ins load. */
const context = { context: 'src/adapters/node/context.ts' }
const pages = { page: 'src/adapters/browser/page.ts', 'page-login': 'src/adapters/browser/page-login.ts' }

const named = (name: string) => new RegExp(`^${name}(/|$)`)
const declared = Object.keys(dependencies).map(named)
const never = [/^node:/, ...Object.keys(peerDependencies).map(named)]

const source = esbuild({
  include: /\.m?[jt]s$/,
  // also what is contained: its comments are a tenth of the package
  exclude: [],
  loaders: { '.mjs': 'js' },
  target: 'es2022',
  sourceMap: false,
  define: { __VERSION__: JSON.stringify(version) },
})
const resolving = nodeResolve({ extensions: ['.ts', '.mjs', '.js'], preferBuiltins: true })

/**
 * For a script tag: one file, minified, with everything that a page needs. It is made of the modules for bundlers, so
 * that its source map can point at them.
 */
const scriptTag = (input: string, output: OutputOptions): RollupOptions => ({
  input: `dist/esm/${input}.js`,
  plugins: [nodeResolve({ browser: true })],
  output: {
    ...output,
    inlineDynamicImports: true,
    sourcemap: true,
    sourcemapExcludeSources: true,
    plugins: [terser({ ecma: 2020, compress: { passes: 3 } }), linesOnly],
  },
})

// its last step would have entries import from each other what they share: the worker's from the browser's
const { generateBundle: _, ...declarations } = dts({ tsconfig: './tsconfig.json', includeExternal: ['jose'] })

const builds: Record<string, RollupOptions | RollupOptions[]> = {
  // for bundlers: a file for each module, so that an app leaves out what it does not use; what is declared stays an import
  esm: {
    input: { ...ofEach('index'), ...context, ...pages },
    external: [...declared, ...never],
    // or each module would import what its neighbours need, for nothing, and bundlers warn of it
    treeshake: { moduleSideEffects: 'no-external' },
    plugins: [resolving, commonjs(), smallStyles, source, smallLibraries],
    output: {
      dir: 'dist/esm',
      plugins: [clientBoundary],
      preserveModules: true,
      preserveModulesRoot: 'src',
      // npm packs no folder of this name
      entryFileNames: ({ name }) => `${name.replace('node_modules', 'vendor')}.js`,
      hoistTransitiveImports: false,
    },
  },
  // for Node: all entries share one implementation. `jose` and `oauth4webapi` are ES modules only, so they are inside
  node: {
    input: { ...ofEach('exports'), ...context, cli: 'src/adapters/node/cli/main.ts' },
    external: never,
    preserveEntrySignatures: 'strict',
    plugins: [resolving, commonjs(), smallStyles, source, smallParser, smallLibraries, notices, billOfMaterials],
    output: {
      dir: 'dist',
      format: 'cjs',
      exports: 'named',
      entryFileNames: ({ name }) => `node/${name === 'cli' ? name : `${name}-implementation`}.cjs`,
      chunkFileNames: 'node/shared/[name].cjs',
      // members of `module.exports` are plain data, and `require` works without flags in Jest's environments
      externalLiveBindings: false,
      dynamicImportInCjs: false,
      // contained CommonJS takes a built-in module whole (hjson: `os`); our own imports take names from it
      interop: (id) => (never.some((name) => name.test(id ?? '')) ? 'esModule' : 'default'),
      hoistTransitiveImports: false,
      manualChunks: atStart,
      onlyExplicitManualChunks: true,
      footer: ({ isEntry, exports }) =>
        isEntry && exports.length > 0 ? 'module.exports.default = module.exports;' : '',
      plugins: [commonJsEntries],
    },
  },
  cdn: [
    scriptTag('page', { file: 'dist/imskit.js', format: 'es' }),
    scriptTag('page-login', { file: 'dist/imskit.login.js', format: 'es' }),
    scriptTag('adapters/browser/exports-page', { file: 'dist/imskit.global.js', format: 'iife', name: 'imskit' }),
  ],
  types: {
    input: {
      ...ofEach('exports'),
      ...context,
      page: 'src/adapters/browser/exports-page.ts',
      'page-login': 'src/adapters/browser/exports-login.ts',
    },
    external: never,
    plugins: [declarations],
    output: {
      dir: 'dist',
      entryFileNames: 'types/shared/[name].d.cts',
      chunkFileNames: 'types/shared/[name].d.cts',
      manualChunks: sharedTypes,
      onlyExplicitManualChunks: true,
      minifyInternalExports: false,
      plugins: [typesOfEntries],
    },
  },
}

export default wanted(builds)
