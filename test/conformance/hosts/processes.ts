import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CaseResult, Runtime } from './runtime.ts'
import { startServices } from './services.ts'

const limit = 180_000

/** A runtime that is a program: `command` gives it, and the arguments before the file. */
function program(name: string, command: (root: string) => readonly [string, ...string[]]): Runtime {
  return {
    name,
    async run(project, root) {
      const services = await startServices()
      try {
        const file = join(project.directory, `setting-${name.replace(' ', '-')}.json`)
        writeFileSync(file, JSON.stringify(services.setting))
        const [binary, ...args] = command(root)
        return readLines(await output(binary, [...args, project.runner('process'), file], project.directory))
      } finally {
        await services.close()
      }
    },
  }
}

async function output(binary: string, args: readonly string[], cwd: string): Promise<string> {
  const { PATH, HOME } = process.env
  const child = spawn(binary, args, { cwd, env: { PATH, HOME, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), limit)
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    text.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    text.stderr += chunk
  })
  const [code] = await once(child, 'close')
  clearTimeout(timer)
  if (!text.stdout.endsWith('done\n')) throw new Error(`it ended early (${code}): ${text.stderr || text.stdout}`)
  return text.stdout
}

function readLines(text: string) {
  const lines = text.split('\n')
  const version = lines.find((line) => line.startsWith('version '))?.slice(8) ?? 'unknown'
  const cases = lines.filter((line) => line.startsWith('case '))
  return { version, results: cases.map((line) => JSON.parse(line.slice(5)) as CaseResult) }
}

/** Every Node that we promise, from a package of its own, which is installed when it is missing. */
function nodeOf(version: number) {
  return (root: string): [string] => {
    const matrix = join(root, 'tools', 'node-matrix')
    const binary = join(matrix, 'node_modules', `node${version}`, 'bin', 'node')
    if (!existsSync(binary)) execFileSync('npm', ['ci', '--loglevel=error'], { cwd: matrix, stdio: 'inherit' })
    return [binary]
  }
}

const installed = (root: string, name: string) => join(root, 'node_modules', '.bin', name)

export const nodes: readonly Runtime[] = [20, 22, 24, 26].map((version) => program(`Node ${version}`, nodeOf(version)))
export const deno: Runtime = program('Deno', (root) => [
  installed(root, 'deno'),
  'run',
  '--no-prompt',
  '--node-modules-dir=manual',
  '--allow-net=127.0.0.1',
  '--allow-read',
  '--allow-write',
  '--allow-env',
  '--allow-sys=hostname,homedir',
])
export const bun: Runtime = program('Bun', (root) => [installed(root, 'bun')])
