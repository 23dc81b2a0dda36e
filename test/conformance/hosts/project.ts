import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { build } from 'esbuild'
import { install } from '../../kit/packed.ts'

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
  await install(root, directory)
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
        external: ['node:http', 'node:https'],
      })
      const here = `${relative(directory, runner(name))}`
      const isAdapter = (original = '') => original === 'imskit' || original === 'imskit/worker'
      const entry = metafile.inputs[here]?.imports.find(({ original }) => isAdapter(original))?.path ?? 'nothing'
      return { code: outputFiles[0]?.text ?? '', entry: entry.replace(/^.*node_modules\/imskit\//, '') }
    },
    remove: () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }),
  }
}
