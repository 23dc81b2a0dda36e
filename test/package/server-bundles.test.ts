import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { nodeFileTrace } from '@vercel/nft'
import * as esbuild from 'esbuild'
import { rollup } from 'rollup'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import webpack from 'webpack'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { build, root } from '../kit/build.ts'
import { folderOfFile, newFolder } from '../kit/folder.ts'
import { unpack } from '../kit/packed.ts'
import { newPlace } from '../kit/place.ts'

// a program for Node, bundled with the default settings of each bundler, works in a folder without node_modules

const project = folderOfFile()
let emulator: RunningEmulator

const body = `
  const main = async () => {
    const { endpoint: _, ...data } = JSON.parse(process.env.CONTEXT)
    await context.set('machine', data, true)
    // another token than the stored one: the parts that are loaded lazily are there too
    console.log(getTokenData(await getToken('machine')).client_id)
  }
  main()`
const programs = {
  'program.mjs': `import { context, getToken, getTokenData } from 'imskit'${body}`,
  'program.cjs': `const { context, getToken, getTokenData } = require('imskit')${body}`,
}

beforeAll(async () => {
  await build()
  emulator = await startEmulator()
  await unpack(root, project)
  for (const [name, code] of Object.entries(programs)) writeFileSync(join(project, name), code)
}, 300_000)
afterAll(() => emulator?.close())

type Bundler = (entry: string, out: string) => Promise<unknown>

const byEsbuild =
  (format: 'esm' | 'cjs', splitting = false): Bundler =>
  (entry, outdir) =>
    esbuild.build({
      entryPoints: [entry],
      bundle: true,
      platform: 'node',
      format,
      splitting,
      outdir,
      entryNames: 'main',
      outExtension: { '.js': format === 'esm' ? '.mjs' : '.cjs' },
      logLevel: 'silent',
    })

const byRollup =
  (format: 'es' | 'cjs'): Bundler =>
  async (input, dir) => {
    const made = await rollup({ input, plugins: [nodeResolve({ exportConditions: ['node'] })], onLog() {} })
    await made.write({ dir, format, entryFileNames: format === 'es' ? 'main.mjs' : 'main.cjs' })
  }

const byWebpack: Bundler = async (entry, path) => {
  const compiler = webpack({
    mode: 'production',
    entry,
    target: 'node',
    optimization: { minimize: false },
    output: { path, filename: 'main.cjs' },
  })
  const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) =>
    compiler?.run((error, found) => (error ? reject(error) : resolve(found))),
  )
  expect(stats?.toJson({ errors: true }).errors).toEqual([])
}

const bundlers: Readonly<Record<string, Bundler>> = {
  'esbuild, ES modules': byEsbuild('esm'),
  'esbuild, ES modules, splitting': byEsbuild('esm', true),
  'esbuild, CommonJS': byEsbuild('cjs'),
  'rollup, ES modules': byRollup('es'),
  'rollup, CommonJS': byRollup('cjs'),
  webpack: byWebpack,
}

/** What a program prints that is run as all that there is. */
async function printed(file: string) {
  const place = newPlace({
    AIO_IMS_CONFIG_ENDPOINT: emulator.url,
    CONTEXT: JSON.stringify(emulator.contexts.oauth_server_to_server),
  })
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: place.cwd, env: place.env })
  return stdout.trim()
}

describe.each(Object.entries(bundlers))('%s', (name, bundle) => {
  // rollup alone reads no CommonJS
  const readable = Object.keys(programs).filter((program) => !(name.startsWith('rollup') && program.endsWith('.cjs')))
  test.each(readable)('%s runs in an empty folder', { timeout: 120_000 }, async (program) => {
    const out = newFolder()
    await bundle(join(project, program), out)
    const main = readdirSync(out).find((name) => /^main\.[cm]js$/.test(name)) ?? ''
    expect(await printed(join(out, main))).toBe(emulator.contexts.oauth_server_to_server.client_id)
  })
})

describe('@vercel/nft', () => {
  test.each(Object.keys(programs))('finds every file that %s needs', { timeout: 60_000 }, async (program) => {
    const { fileList } = await nodeFileTrace([join(project, program)], { base: project })
    expect([...fileList].filter((file) => file.startsWith('node_modules/imskit/dist/')).length).toBeGreaterThan(20)
    const out = newFolder()
    for (const file of fileList) {
      mkdirSync(dirname(join(out, file)), { recursive: true })
      cpSync(join(project, file), join(out, file), { dereference: true })
    }
    expect(await printed(join(out, program))).toBe(emulator.contexts.oauth_server_to_server.client_id)
    // nothing that is loaded lazily is left behind
    const implementation = readdirSync(join(project, 'node_modules/imskit/dist/node/shared'))
    const core = readFileSync(join(project, 'node_modules/imskit/dist/node/shared/core.cjs'), 'utf8')
    const lazy = implementation.filter((name) => core.includes(`require('./${name}')`))
    expect(lazy.length).toBeGreaterThan(8)
    for (const name of lazy) expect([...fileList]).toContain(`node_modules/imskit/dist/node/shared/${name}`)
  })
})
