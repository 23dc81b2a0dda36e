// Runs the command from source: `npm run dev` starts the emulator and starts it again on each change of src,
// `npm run dev -- <command>` runs any other command once. The entries are in .tmp/dev as well, to be imported.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { context } from 'esbuild'

const folder = '.tmp/dev'
const [command = 'emulator', ...given] = process.argv.slice(2)
const staysOpen = command === 'emulator' && given[0] !== 'exec'
const options = staysOpen && !given.some((word) => word.startsWith('--port')) ? ['--port', '9010', ...given] : given

let running
async function stop() {
  if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
  running.kill('SIGTERM')
  await once(running, 'exit')
}

function start() {
  running = spawn(process.execPath, [`${folder}/cli.js`, command, ...options], { stdio: 'inherit' })
  running.once('exit', (code, signal) => {
    // a command that ends by itself ends this program; an emulator that was stopped for a change does not
    if (!staysOpen || (signal === null && code !== 0)) process.exitCode = code ?? 1
  })
  return running
}

const restart = {
  name: 'restart',
  setup(build) {
    build.onEnd(async ({ errors }) => {
      // esbuild has printed them; what runs stays until they are fixed
      if (errors.length > 0 || !staysOpen) return
      await stop()
      start()
    })
  },
}

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const exportsOf = (name, source) => [name, `src/${source}/exports.ts`]
const built = await context({
  entryPoints: Object.fromEntries([
    ['cli', 'src/adapters/node/cli/main.ts'],
    ...['node', 'browser', 'worker'].map((name) => exportsOf(name, `adapters/${name}`)),
    ...['core', 'emulator', 'testing'].map((name) => exportsOf(name, name)),
  ]),
  outdir: folder,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  packages: 'external',
  sourcemap: true,
  define: { __VERSION__: JSON.stringify(`${version}-dev`) },
  logLevel: 'warning',
  plugins: [restart],
})

if (staysOpen) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      await stop()
      await built.dispose()
    })
  }
  await built.watch()
} else {
  await built.rebuild()
  await built.dispose()
  start()
}
