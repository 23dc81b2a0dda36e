import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { afterAll, beforeAll, onTestFinished } from 'vitest'

const bin = (name: string) => join(import.meta.dirname, '../../node_modules/.bin', name)

/** Starts a server with a configuration; resolves to its origin. It ends with the test. */
export type StartServer = (config: unknown) => Promise<string>

/** A fixture that serves a site, in Node, Deno and Bun: one bundle, three servers. */
export function otherServers(fixture: string): readonly (readonly [string, StartServer])[] {
  let place: string
  const bundle = () => join(place, 'site.mjs')
  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'imskit-site-'))
    await build({
      entryPoints: [join(import.meta.dirname, 'fixtures', `${fixture}.ts`)],
      outfile: bundle(),
      bundle: true,
      format: 'esm',
      target: 'es2022',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      external: ['node:*'],
    })
  })
  afterAll(() => rmSync(place, { recursive: true }))
  const by =
    (command: string, args: string[]): StartServer =>
    (config) =>
      startProcess(command, [...args, bundle(), JSON.stringify(config)])
  return [
    ['Node', by(process.execPath, [])],
    ['Deno', by(bin('deno'), ['run', '--no-config', '--allow-all'])],
    ['Bun', by(bin('bun'), ['run'])],
  ]
}

async function startProcess(command: string, args: string[]): Promise<string> {
  const running = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void running.kill())
  for await (const line of createInterface(running.stdout)) {
    const port = /^listening on (\d+)$/.exec(line)?.[1]
    if (port !== undefined) return `http://127.0.0.1:${port}`
  }
  throw new Error(`${command} ended`)
}
