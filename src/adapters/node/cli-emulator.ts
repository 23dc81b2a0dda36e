import { parseArgs } from 'node:util'
import { startEmulator } from '../../emulator/start.ts'

const usage = `Usage: imskit emulator [options]

Runs a local Adobe IMS for development and tests, until Ctrl-C. It is no security boundary: anyone who can reach
it can sign in as anyone.

Options:
  --port <number>        port to listen on; default: a free one
  --auto-login <email>   sign this user in without the form
  --json                 print the address and the ready-made contexts as one line of JSON
  -h, --help             show this

Example:
  imskit emulator --port 9090 --auto-login user@example.com
  AIO_IMS_CONFIG_ENDPOINT=http://127.0.0.1:9090 node app.js
`

/** `imskit emulator`: results on stdout, everything else on stderr. Resolves to the exit code once interrupted. */
export async function runEmulator(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      'auto-login': { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const port = values.port === undefined ? 0 : Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    process.stderr.write(`imskit emulator: --port must be a whole number from 0 to 65535\n\n${usage}`)
    return 2
  }
  const autoLogin = values['auto-login']
  const emulator = await startEmulator({ port, ...(autoLogin !== undefined && { autoLogin }) })
  const { url, contexts } = emulator
  // first of all: whoever reads the address may interrupt at once
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  process.stdout.write(values.json ? `${JSON.stringify({ url, contexts })}\n` : `${url}\n`)
  process.stderr.write(
    `IMS emulator on ${url}. It is for development and tests and no security boundary.\n` +
      `Point a program at it with AIO_IMS_CONFIG_ENDPOINT=${url}; stop it with Ctrl-C.\n` +
      `Contexts: ${Object.keys(contexts).join(', ')} (print them with --json)\n`,
  )
  await interrupted
  await emulator.close()
  return 0
}
