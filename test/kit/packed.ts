import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string; readonly mode: number }[]
}

/** What npm would publish of `root` as it is built, as a file in `place`. */
export async function pack(root: string, place: string): Promise<Packed> {
  // without scripts, or it would be built again while other tests use the build
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', place]
  const { stdout } = await run('npm', args, { cwd: root, maxBuffer: 16 * 1024 * 1024 })
  return (JSON.parse(stdout) as Packed[])[0] as Packed
}

/** Installs that in an empty project, as a user would. */
export async function install(root: string, project: string): Promise<Packed> {
  const packed = await pack(root, project)
  begin(project)
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  await run('npm', ['install', `./${packed.filename}`, '--omit=dev', ...quiet], { cwd: project })
  return packed
}

/** The frameworks that entries of the same name import. */
export const frameworks = ['react', 'vue']

/** The same in less time: the dependencies are those of `root`, with every framework. */
export async function unpack(root: string, project: string): Promise<void> {
  const { filename } = await pack(root, project)
  begin(project)
  await run('tar', ['-xzf', filename], { cwd: project })
  const modules = join(project, 'node_modules')
  mkdirSync(modules)
  renameSync(join(project, 'package'), join(modules, 'imskit'))
  const { dependencies } = JSON.parse(readFileSync(join(modules, 'imskit', 'package.json'), 'utf8'))
  for (const name of [...Object.keys(dependencies), ...frameworks])
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
}

const begin = (project: string) =>
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')

/** The specifiers under which a program imports the package installed in `project`. */
export function entriesIn(project: string): string[] {
  const { exports } = JSON.parse(readFileSync(join(project, 'node_modules', 'imskit', 'package.json'), 'utf8'))
  const keys = Object.keys(exports).filter((key) => key !== './package.json')
  return keys.map((key) => `imskit${key.slice(1)}`)
}
