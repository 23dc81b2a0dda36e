import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './build.ts'

/** Our compiler and those before it, as programs that check a program of a user. */
export const compilers = { 5: 'typescript5/bin/tsc', 6: 'typescript/bin/tsc6', 7: 'typescript7/bin/tsc' }

const strict = { strict: true, noEmit: true, skipLibCheck: false, target: 'es2022' }

/** What is wrong with `files` of `project`, whose declarations are checked as well; its first lines. */
export async function typeCheck(
  compiler: string,
  { project, files, options }: { project: string; files: readonly string[]; options: object },
): Promise<string> {
  const config = { compilerOptions: { ...strict, ...options }, files }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config))
  const args = [join(root, 'node_modules', compiler), '-p', 'tsconfig.json']
  return promisify(execFile)(process.execPath, args, { cwd: project }).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout.split('\n').slice(0, 5).join('\n'),
  )
}
