import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const run = promisify(execFile)

/** An empty project with the packed package in it, and the suite beside. */
export interface Project {
  readonly directory: string
  /** The suite with one of its runners. */
  readonly runner: (name: string) => string
  /** A runner as a bundler makes it under `conditions`, and the file that `imskit` was there. */
  bundle(runner: string, conditions: readonly string[]): Promise<{ code: string; entry: string }>
  remove(): void
}

/** Packs what is built, and installs it as a user would. */
export async function makeProject(root: string): Promise<Project> {
  const directory = mkdtempSync(join(tmpdir(), 'imskit-conformance-'))
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], { cwd: root })
  const tarball = readdirSync(directory).find((name) => name.endsWith('.tgz'))
  writeFileSync(join(directory, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  await run('npm', ['install', `./${tarball}`, '--omit=dev', ...quiet], { cwd: directory })
  const suite = join(directory, 'conformance')
  mkdirSync(suite)
  for (const part of ['cases', 'runners', 'check.mjs', 'index.mjs', 'place.mjs', 'run.mjs']) {
    cpSync(join(root, 'test', 'conformance', part), join(suite, part), { recursive: true })
  }
  const runner = (name: string) => join(suite, 'runners', `${name}.mjs`)
  return {
    directory,
    runner,
    async bundle(name, conditions) {
      const { outputFiles, metafile } = await build({
        entryPoints: [runner(name)],
        absWorkingDir: directory,
        bundle: true,
        write: false,
        metafile: true,
        format: 'esm',
        target: 'es2022',
        platform: 'browser',
        mainFields: ['module', 'main'],
        conditions: [...conditions],
        // the emulator's server, which is for Node and loaded by nobody here
        external: ['node:http'],
      })
      const here = `${relative(directory, runner(name))}`
      const entry = metafile.inputs[here]?.imports.find(({ original }) => original === 'imskit')?.path ?? 'nothing'
      return { code: outputFiles[0]?.text ?? '', entry: entry.replace(/^.*node_modules\/imskit\//, '') }
    },
    remove: () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }),
  }
}
