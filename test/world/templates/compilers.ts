import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compilers } from '../../kit/type-check.ts'
import { root } from './projects.ts'

export type Version = keyof typeof compilers

export const versions = Object.keys(compilers) as unknown as Version[]

/** Runs a compiler in `folder`; what it finds wrong, line by line. */
async function errorsOf(program: readonly string[], folder: string): Promise<string[]> {
  return promisify(execFile)(process.execPath, program, { cwd: folder, maxBuffer: 16 * 1024 * 1024 }).then(
    () => [],
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`.split('\n').filter(Boolean),
  )
}

/** What TypeScript of a version finds wrong with the project in `folder`. */
export const typeScript = (version: Version, folder: string, ...args: readonly string[]): Promise<string[]> =>
  errorsOf([join(root, 'node_modules', compilers[version]), '--noEmit', ...args], folder)

/** The same of `vue-tsc`, which reads `.vue` files and works with the compilers that are written in JavaScript. */
export function vueTypeScript(version: 5 | 6, folder: string, ...args: readonly string[]): Promise<string[]> {
  const library = join(root, 'node_modules', version === 5 ? 'typescript5' : 'typescript', 'lib/tsc.js')
  const program = `require(${JSON.stringify(join(root, 'node_modules/vue-tsc'))}).run(${JSON.stringify(library)})`
  return errorsOf(['--eval', program, 'vue-tsc', '--noEmit', ...args], folder)
}

/** Bundles the project in `folder` with the Vite and the plug-ins that its template asks for. */
export const viteBuild = (folder: string): Promise<string[]> =>
  errorsOf([join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'], folder)
