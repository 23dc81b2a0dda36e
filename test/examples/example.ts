import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import type { RunningEmulator } from '../../src/emulator/index.ts'
import { root } from '../kit/build.ts'

/** An example that is running, beside an IMS of its own. */
export interface Started {
  readonly url: string
  readonly emulator: RunningEmulator
  close(): Promise<void>
}

/** The module `path` of examples/, which the types of the tests do not know. */
export async function fromExamples<Module>(path: string): Promise<Module> {
  return import(pathToFileURL(join(root, 'examples', path)).href) as Promise<Module>
}

/** Starts an example; who called closes it. */
export async function startExample<Example extends Started = Started>(name: string): Promise<Example> {
  const { start } = await fromExamples<{ start(): Promise<Example> }>(`${name}/start.mjs`)
  return start()
}

/** Runs a script of examples/ as a person does, until it prints what `wanted` finds; it then goes on until the test ends. */
export async function runUntil(wanted: RegExp, script: string, ...words: string[]): Promise<string> {
  const running = spawn(process.execPath, [join('examples', script), ...words], { cwd: root })
  onTestFinished(() => void running.kill())
  for await (const line of createInterface(running.stdout)) {
    const found = wanted.exec(line)?.[1]
    if (found !== undefined) return found
  }
  throw new Error(`examples/${script} ended without printing ${wanted}`)
}
