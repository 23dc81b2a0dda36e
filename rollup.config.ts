import { readFileSync } from 'node:fs'
import commonjs from '@rollup/plugin-commonjs'
import json from '@rollup/plugin-json'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import type { LogHandlerWithDefault, RollupOptions } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import esbuild from 'rollup-plugin-esbuild'

const { dependencies, peerDependencies, version } = JSON.parse(readFileSync('package.json', 'utf8'))

const neutral = { core: 'src/core/index.ts', emulator: 'src/emulator/index.ts', testing: 'src/testing/index.ts' }
const node = { ...neutral, node: 'src/adapters/node/index.ts', cli: 'src/adapters/node/cli.ts' }
const { cli: _, ...typed } = node

const onLog: LogHandlerWithDefault = (level, log, handler) => {
  if (level === 'warn') throw new Error(`${log.code}: ${log.message}`)
  handler(level, log)
}
const named = (name: string) => new RegExp(`^${name}(/|$)`)
const runtime = Object.keys(dependencies).map(named)
const never = [/^node:/, ...Object.keys(peerDependencies).map(named)]
const source = (target: string) =>
  esbuild({ target, sourceMap: true, define: { __VERSION__: JSON.stringify(version) } })
const shared = { format: 'es', entryFileNames: '[name].js', hoistTransitiveImports: false } as const

const builds: Record<string, RollupOptions> = {
  // for bundlers: dependencies stay imports, so that an app has one copy of them and shakes off what it does not use
  esm: {
    input: neutral,
    external: [...runtime, ...never],
    plugins: [nodeResolve({ extensions: ['.ts', '.js'] }), source('es2022')],
    output: { ...shared, dir: 'dist/esm', sourcemap: true, chunkFileNames: 'shared/[name].js' },
  },
  // for runtimes that load files one by one: everything inside, as modules cost more than code
  node: {
    input: node,
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
      chunkFileNames: 'shared/[name].js',
      plugins: [terser({ module: true, ecma: 2020, keep_classnames: true })],
    },
  },
  types: {
    input: typed,
    external: [...runtime, ...never],
    plugins: [dts({ tsconfig: './tsconfig.json' })],
    output: { ...shared, dir: 'dist/types', entryFileNames: '[name].d.ts', chunkFileNames: 'shared/[name].d.ts' },
  },
}

const wanted = process.env.ONLY === 'js' ? [builds.esm, builds.node] : Object.values(builds)
export default wanted.map((build) => ({ ...build, onLog }))
