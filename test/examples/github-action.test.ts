import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningEmulator } from '../../src/emulator/index.ts'
import { build, root } from '../kit/build.ts'
import { fromExamples, runUntil } from './example.ts'

interface Job {
  readonly code: number
  /** What the steps printed, before the runner covers secrets. */
  readonly lines: readonly string[]
}
interface Runner {
  readonly emulator: RunningEmulator
  run(settings: { secrets?: Record<string, string>; print: (line: string) => void }): Promise<Job>
  close(): Promise<void>
}

let runner: Runner

beforeAll(async () => {
  await build()
  const { start } = await fromExamples<{ start(): Promise<Runner> }>('github-action/start.mjs')
  runner = await start()
}, 300_000)
afterAll(() => runner?.close())

async function runJob(secrets?: Record<string, string>): Promise<Job & { log: string }> {
  const log: string[] = []
  const print = (line: string) => void log.push(line)
  return { ...(await runner.run({ print, ...(secrets && { secrets }) })), log: log.join('\n') }
}

describe('examples/github-action', { timeout: 120_000 }, () => {
  test('its steps, as they stand, install from the lockfile and call the API; the log has no token and no secret', async () => {
    const { code, lines, log } = await runJob()
    expect(code).toBe(0)
    expect(log).toContain('Run npm ci --ignore-scripts')
    expect(log).toContain('"client_id":"emulator-server-to-server"')
    const asked = runner.emulator.requests.map(({ path, status }) => `${path} ${status}`)
    expect(asked).toEqual(['/ims/token/v3 200', '/api/echo 200'])
    const withToken = lines.filter((line) => /eyJ/.test(line))
    expect(withToken).toEqual([expect.stringMatching(/^::add-mask::eyJ\S+$/)])
    expect(log).not.toMatch(/eyJ|emulator-first-secret/)
  })

  test('a wrong secret fails the job with one line that says why', async () => {
    const { code, lines } = await runJob({ IMS_CLIENT_SECRET: 'not-the-secret' })
    expect(code).toBe(1)
    expect(lines.at(-1)).toMatch(/^::error title=Call an Adobe API::HTTP_ERROR: .*invalid client_secret/)
    expect(lines.join('\n')).not.toMatch(/not-the-secret|add-mask/)
  })

  test('a secret that was forgotten is named', async () => {
    const { code, lines } = await runJob({})
    expect(code).toBe(1)
    expect(lines.at(-1)).toMatch(/^::error title=Call an Adobe API::BAD_OPTION: .*clientSecret/)
  })

  test('one command runs it', async () => {
    expect(await runUntil(/^(\{"method".*\})$/, 'github-action/start.mjs')).toContain('emulator-server-to-server')
  })

  test('the workflow gives the job no more than it needs, and its secret to one step alone', () => {
    const workflow = load(readFileSync(join(root, 'examples/github-action/workflow.yml'), 'utf8')) as {
      permissions: unknown
      env?: unknown
      jobs: { call: { env?: unknown; permissions?: unknown; steps: { run?: string; env?: Record<string, string> }[] } }
    }
    const { call } = workflow.jobs
    expect(workflow.permissions).toEqual({ contents: 'read' })
    expect([workflow.env, call.env, call.permissions]).toEqual([undefined, undefined, undefined])
    const withSecrets = call.steps.filter((step) => /secrets\./.test(JSON.stringify(step)))
    expect(withSecrets.map(({ run }) => run)).toEqual(['node call-api.mjs'])
    // an expression inside a command would be run by the shell
    expect(call.steps.filter(({ run }) => run?.includes('${{'))).toEqual([])
  })
})
