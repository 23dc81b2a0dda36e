import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { resolve } from 'node:path'
import commonjs from '@rollup/plugin-commonjs'
import json from '@rollup/plugin-json'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import type { GetManualChunk, LogHandlerWithDefault, OutputBundle, OutputPlugin, Plugin, RollupOptions } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import esbuild from 'rollup-plugin-esbuild'

const { dependencies, peerDependencies, version } = JSON.parse(readFileSync('package.json', 'utf8'))

const core = { core: 'src/core/index.ts' }
const node = { node: 'src/adapters/node/index.ts' }
const browser = { browser: 'src/adapters/browser/index.ts' }
const worker = { worker: 'src/adapters/worker/index.ts' }
const cli = { cli: 'src/adapters/node/cli/main.ts' }
const tools = { emulator: 'src/emulator/index.ts', testing: 'src/testing/index.ts' }

const onLog: LogHandlerWithDefault = (level, log, handler) => {
  if (level === 'warn') throw new Error(`${log.code}: ${log.message}`)
  handler(level, log)
}
const named = (name: string) => new RegExp(`^${name}(/|$)`)
const runtime = Object.keys(dependencies).map(named)
const never = [/^node:/, ...Object.keys(peerDependencies).map(named)]
const source = (target: string) =>
  esbuild({ target, sourceMap: true, define: { __VERSION__: JSON.stringify(version) } })
/**
 * An `import` of a built-in module loads all that it has: `node:fs` brings the streams along, which takes longer than
 * half of our own code. This takes what is named and no more.
 */
const leanBuiltins: OutputPlugin = {
  name: 'lean-builtins',
  renderChunk: (code) => ({
    code: code
      .replace(/^import (\{ .+ \}|[\w$]+) from '([\w:/]+)';$/gm, (line, names: string, module: string) => {
        const wanted = names.replaceAll(' as ', ': ')
        return isBuiltin(module) ? `const ${wanted} = process.getBuiltinModule('${module}');` : line
      })
      .replace(/\bawait import\('(node:[\w/]+)'\)/g, "await process.getBuiltinModule('$1')"),
    // line by line, so that the source map still fits
    map: null,
  }),
}

/** Imports of our own files of `entry` become imports of that entry of the package, but for those that it does not export. */
const entryInstead = (entry: string, inside?: RegExp): Plugin => ({
  name: 'entry-instead',
  resolveId: (specifier) =>
    specifier.startsWith('.') && specifier.includes(`/${entry}/`) && !inside?.test(specifier)
      ? { id: `imskit/${entry}`, external: true }
      : null,
})

/** What of `jose` and `src/core` has a late file of its own, or goes with the entry that alone needs it. */
const lateFiles: readonly [RegExp, string][] = [
  [/jose\/.+\/(jwt\/(en|de)crypt|lib\/(jwe_\w+|content_encryption|key_management|deflate))\.js$/, 'worker'],
  [/jose\/.+\/(util\/\w+|lib\/(buffer_utils|base64|validate))\.js$/, 'shared/core'],
  [/jose\//, 'late/jose'],
  [/oauth4webapi\//, 'late/ims'],
  [/(js-yaml|hjson|dotenv)\//, 'late/$1'],
  [/(fs|path|crypto)\?commonjs-external/, 'late/dotenv'],
  [/commonjs/, 'late/commonjs'],
  [/src\/core\/(keys\/|flows\/assertion)/, 'late/keys'],
  [/src\/core\/verify\/id-token-signature/, 'late/id-token'],
  [/src\/core\/.*\/validate-at-ims|src\/core\/verify\//, 'late/verify'],
  [/src\/core\/redirects\.ts$/, 'late/authorized-fetch'],
  [/src\/core\/(login|authorized-fetch)/, 'late/$1'],
  [/src\/core\/(session\/|ims\/refusal)/, 'late/renewal'],
  [/src\/core\/ims\/(call|retry|deadline|read-body)\.ts$/, 'late/call'],
  [/src\/core\//, 'late/ims'],
  [/src\/adapters\/node\/cli\/.*(doctor|probe)/, 'commands/$1'],
  [/src\/adapters\/node\/cli\/(secrets|subject|kinds|network-code)/, 'commands/shared'],
  [/src\/adapters\/node\/cli\/(.+)\.ts$/, 'commands/$1'],
  [/src\/adapters\/node\/(read-key|store-state)/, 'late/$1'],
  [/src\/adapters\/node\//, 'late/browser-login'],
  [/src\/adapters\/worker\//, 'worker'],
]

/**
 * Names the file of `dist/node` that each module goes to, so that neither names nor contents hang on which module was
 * read first, as they do where rollup makes files of its own accord (rollup#5902).
 */
const nodeFile: GetManualChunk = (id, { getModuleInfo }) => {
  const eager = (entry: string) => {
    const found = new Set([resolve(entry)])
    for (const each of found)
      for (const next of getModuleInfo(each)?.importedIds ?? []) if (next.includes('/src/')) found.add(next)
    return found.has(id)
  }
  if (eager(core.core)) return 'shared/core'
  if (eager(node.node)) return id.includes('/src/core/') ? 'shared/core' : 'shared/node'
  if (eager(cli.cli)) return 'cli'
  const [pattern, name] = lateFiles.find(([pattern]) => pattern.test(id)) ?? []
  if (pattern === undefined || name === undefined) throw new Error(`${id}: in which file of dist/node? see lateFiles`)
  return name.replace('$1', pattern.exec(id)?.[1] ?? '')
}

const shared = { format: 'es', entryFileNames: '[name].js', hoistTransitiveImports: false } as const

/** For bundlers, a file for each module of the core, and one for each adapter, of which none is loaded late. */
const esmFile: GetManualChunk = (id) => {
  const [, file] = /\/src\/(.+)\.ts$/.exec(id) ?? []
  if (file === undefined || /(index|api|exports)$/.test(file)) return null
  return /^adapters\/\w+/.exec(file)?.[0] ?? file
}

/** As for `dist/node`: what declarations share, apart from what every store, lock and clock speaks of. */
const typesFile: GetManualChunk = (id) => {
  if (!id.includes('/src/core/') || id.endsWith('/exports.ts')) return null
  return /(ports|errors|events)\.ts$/.test(id) ? 'ports' : 'core'
}

const typed = { ...core, ...tools, ...node, ...browser, ...worker }

/** As its last step it would have entries import from each other what they share: the worker's from the browser's. */
const declarations: Plugin = { ...dts({ tsconfig: './tsconfig.json' }), generateBundle: tabs }

function tabs(_: unknown, bundle: OutputBundle): void {
  for (const chunk of Object.values(bundle))
    if (chunk.type === 'chunk')
      chunk.code = chunk.code.replace(/^(?: {4})+/gm, (indent) => '\t'.repeat(indent.length / 4))
}

/** The entries' own declarations: a namespace as default export is more than the declaration bundler can write. */
const entryTypes: Plugin = {
  name: 'entry-types',
  generateBundle() {
    for (const name of Object.keys(typed)) {
      const from = `'./shared/${name}-exports.js'`
      this.emitFile({
        type: 'asset',
        fileName: `${name}.d.ts`,
        source: `export * from ${from};\nexport * as default from ${from};\n`,
      })
    }
  },
}

const forPages = [
  nodeResolve({ extensions: ['.ts', '.js'], browser: true, exportConditions: ['browser'] }),
  source('es2022'),
]
const small = { ecma: 2020, compress: { passes: 3 } } as const
const smallModule = { ...small, module: true, keep_classnames: true } as const
/** Minified, statement by statement, so that the bundlers of users can still shake it. */
const shakeable: OutputPlugin[] = [
  {
    name: 'useful-annotations',
    // terser would put them before the `return`, of which bundlers warn
    renderChunk: (code) => ({ code: code.replaceAll('return /* @__PURE__ */ ', 'return '), map: null }),
  },
  terser({
    ...smallModule,
    compress: { ...small.compress, sequences: false, join_vars: false, inline: 0, reduce_funcs: false },
    format: { preserve_annotations: true },
  }),
]

const builds: Record<string, RollupOptions> = {
  // for bundlers: the core module by module, so that an app shakes off what it does not use and splits off what it needs
  // late; dependencies stay imports, so that it has one copy of them
  esm: {
    input: { ...core, ...browser, ...worker },
    external: [...runtime, ...never],
    // or each module would import what its neighbours need, for nothing, and bundlers warn of it
    treeshake: { moduleSideEffects: 'no-external' },
    plugins: [nodeResolve({ extensions: ['.ts', '.js'] }), source('es2022')],
    output: {
      ...shared,
      dir: 'dist/esm',
      sourcemap: true,
      chunkFileNames: '[name].js',
      manualChunks: esmFile,
      onlyExplicitManualChunks: true,
      plugins: shakeable,
    },
  },
  // for any runtime: one file each, which takes what it needs of the core from the entry, and so has that runtime's
  tools: {
    input: tools,
    external: [...runtime, ...never],
    plugins: [entryInstead('core', /\/options\.ts$/), nodeResolve({ extensions: ['.ts', '.js'] }), source('es2022')],
    output: { ...shared, dir: 'dist/esm', sourcemap: true, plugins: shakeable },
  },
  // for runtimes that load files one by one: few of them, with everything inside, as modules cost more than code
  node: {
    input: { ...core, ...node, ...worker, ...cli },
    external: never,
    plugins: [
      entryInstead('emulator'),
      nodeResolve({ extensions: ['.ts', '.mjs', '.js'], exportConditions: ['node'], preferBuiltins: true }),
      commonjs(),
      json({ namedExports: false }),
      source('node20'),
    ],
    output: {
      ...shared,
      dir: 'dist/node',
      sourcemap: true,
      chunkFileNames: '[name].js',
      manualChunks: nodeFile,
      onlyExplicitManualChunks: true,
      plugins: [leanBuiltins, terser(smallModule)],
    },
  },
  // for a script tag: one file, with everything that a page needs
  cdn: {
    input: 'src/adapters/browser/cdn.ts',
    plugins: forPages,
    output: {
      file: 'dist/imskit.js',
      format: 'es',
      inlineDynamicImports: true,
      sourcemap: true,
      plugins: [terser(small)],
    },
  },
  global: {
    input: 'src/adapters/browser/exports-page.ts',
    plugins: forPages,
    output: {
      file: 'dist/imskit.global.js',
      format: 'iife',
      name: 'imskit',
      inlineDynamicImports: true,
      sourcemap: true,
      plugins: [terser(small)],
    },
  },
  types: {
    input: Object.fromEntries(
      Object.entries(typed).map(([name, file]) => [`shared/${name}-exports`, file.replace('index.ts', 'exports.ts')]),
    ),
    external: [...runtime, ...never],
    plugins: [declarations, entryTypes],
    output: {
      ...shared,
      dir: 'dist/types',
      entryFileNames: '[name].d.ts',
      chunkFileNames: 'shared/[name].d.ts',
      manualChunks: typesFile,
      onlyExplicitManualChunks: true,
    },
  },
}

const wanted = (process.env.ONLY?.split('+') ?? Object.keys(builds)).map((name) => {
  const build = builds[name]
  if (build === undefined) throw new Error(`there is no build ${name}, but ${Object.keys(builds).join(', ')}`)
  return build
})
// one file at a time: which modules share a chunk would otherwise hang on which of them was read first (rollup#5902)
export default wanted.map((build) => ({ ...build, onLog, maxParallelFileOps: 1 }))
