import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import commonjs from '@rollup/plugin-commonjs'
import json from '@rollup/plugin-json'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import type { LogHandlerWithDefault, OutputPlugin, Plugin, RollupOptions } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import esbuild from 'rollup-plugin-esbuild'

const { dependencies, peerDependencies, version } = JSON.parse(readFileSync('package.json', 'utf8'))

const neutral = { core: 'src/core/index.ts', emulator: 'src/emulator/index.ts', testing: 'src/testing/index.ts' }
const node = { node: 'src/adapters/node/index.ts' }
const browser = { browser: 'src/adapters/browser/index.ts' }
const worker = { worker: 'src/adapters/worker/index.ts' }
const cli = { cli: 'src/adapters/node/cli/main.ts' }

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

const shared = { format: 'es', entryFileNames: '[name].js', hoistTransitiveImports: false } as const

/** For runtimes that load files one by one: everything inside, as modules cost more than code. */
const forNode = (input: Record<string, string>, late: string): RollupOptions => ({
  input,
  external: never,
  plugins: [
    nodeResolve({ extensions: ['.ts', '.mjs', '.js'], exportConditions: ['node'], preferBuiltins: true }),
    commonjs(),
    json({ namedExports: false }),
    source('node20'),
  ],
  output: {
    ...shared,
    dir: 'dist/node',
    sourcemap: true,
    chunkFileNames: `${late}/[name].js`,
    plugins: [leanBuiltins, terser({ module: true, ecma: 2020, keep_classnames: true })],
  },
})

const typed = { ...neutral, ...node, ...browser, ...worker }

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

const builds: Record<string, RollupOptions> = {
  // for bundlers: module by module, so that an app shakes off what it does not use and splits off what it needs late;
  // dependencies stay imports, so that it has one copy of them
  esm: {
    input: { ...neutral, ...browser, ...worker },
    external: [...runtime, ...never],
    // or each module would import what its neighbours need, for nothing, and bundlers warn of it
    treeshake: { moduleSideEffects: 'no-external' },
    plugins: [nodeResolve({ extensions: ['.ts', '.js'] }), source('es2022')],
    output: { ...shared, dir: 'dist/esm', sourcemap: true, preserveModules: true, preserveModulesRoot: 'src' },
  },
  node: forNode(node, 'late'),
  neutral: forNode({ ...neutral, ...worker }, 'shared'),
  // apart, so that what it loads late splits no other entry
  command: forNode(cli, 'commands'),
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
    plugins: [dts({ tsconfig: './tsconfig.json' }), entryTypes],
    output: { ...shared, dir: 'dist/types', entryFileNames: '[name].d.ts', chunkFileNames: 'shared/[name].d.ts' },
  },
}

const wanted =
  process.env.ONLY === 'js'
    ? [builds.esm, builds.node, builds.neutral, builds.command, builds.cdn]
    : Object.values(builds)
// one file at a time: which modules share a chunk would otherwise hang on which of them was read first (rollup#5902)
export default wanted.map((build) => ({ ...build, onLog, maxParallelFileOps: 1 }))
