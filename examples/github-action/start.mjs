// Plays the runner: does the `run` steps of the workflow, with an emulated IMS and its sample API, in a project that
// has this package installed: node examples/github-action/start.mjs
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startEmulator } from 'imskit/emulator'
import { load } from 'js-yaml'

const run = promisify(execFile)
const here = new URL('./', import.meta.url)
const npm = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']

/** What `actions/checkout` would bring: the script, and a manifest and a lockfile that name imskit. */
async function checkOut(project) {
  const [script, root] = ['call-api.mjs', '../../'].map((path) => fileURLToPath(new URL(path, here)))
  await cp(script, join(project, 'call-api.mjs'))
  const pack = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', project], { cwd: root })
  const [{ filename }] = JSON.parse(pack.stdout)
  const manifest = { name: 'nightly', private: true, dependencies: { imskit: `file:${filename}` } }
  await writeFile(join(project, 'package.json'), JSON.stringify(manifest))
  await run('npm', ['install', '--package-lock-only', ...npm], { cwd: project })
}

/** Does the steps in order, until one fails; resolves to its exit code and every line, before secrets are covered. */
async function runSteps(steps, { secrets, vars }, { cwd, env, print }) {
  const masks = Object.values(secrets).filter((secret) => secret !== '')
  const lines = []
  const covered = (line) => masks.reduce((text, mask) => text.replaceAll(mask, '***'), line)
  const filled = (text) =>
    text.replace(/\$\{\{ (secrets|vars)\.(\w+) \}\}/g, (_, kind, name) => ({ secrets, vars })[kind][name] ?? '')
  for (const step of steps) {
    if (step.run === undefined) continue
    const own = Object.entries(step.env ?? {}).map(([name, value]) => [name, filled(value)])
    const shell = spawn('bash', ['-e', '-c', step.run], { cwd, env: { ...env, ...Object.fromEntries(own) } })
    shell.stderr.pipe(process.stderr)
    const ended = once(shell, 'close')
    print(`Run ${step.run}`)
    for await (const line of createInterface(shell.stdout)) {
      const mask = /^::add-mask::(.+)/.exec(line)?.[1]
      if (mask !== undefined) masks.push(mask)
      lines.push(line)
      print(covered(line))
    }
    const [code] = await ended
    if (code !== 0) return { code, lines }
  }
  return { code: 0, lines }
}

/** Starts an IMS and checks out; `run` does the job, with the emulator's ready-made client unless told otherwise. */
export async function start() {
  const emulator = await startEmulator()
  const project = await mkdtemp(join(tmpdir(), 'imskit-github-action-'))
  await checkOut(project)
  const { client_id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
  const { jobs } = load(await readFile(new URL('workflow.yml', here), 'utf8'))
  const vars = { IMS_CLIENT_ID: client_id, IMS_ORG_ID: ims_org_id, API_URL: `${emulator.url}/api/echo` }
  const env = {
    PATH: process.env.PATH,
    HOME: project,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    // where the real workflow meets IMS itself
    AIO_IMS_CONFIG_ENDPOINT: emulator.url,
    // the packages that npm has already, and where it is told to get others
    npm_config_cache: join(homedir(), '.npm'),
    npm_config_userconfig: join(homedir(), '.npmrc'),
  }
  return {
    emulator,
    run: ({ secrets = { IMS_CLIENT_SECRET: client_secrets[0] }, print = console.log } = {}) =>
      runSteps(jobs.call.steps, { secrets, vars }, { cwd: project, env, print }),
    async close() {
      await emulator.close()
      await rm(project, { recursive: true, force: true })
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const runner = await start()
  process.exitCode = (await runner.run()).code
  await runner.close()
}
