import { startEmulator } from '../../../emulator/start.ts'
import type { Run } from './command.ts'
import { writeText } from './output.ts'
import { optionInteger, optionText } from './parse.ts'

/** `imskit emulator`: resolves once interrupted. */
export const emulatorCommand: Run = async ({ values }) => {
  const port = optionInteger(values, 'port', 65_535) ?? 0
  const autoLogin = optionText(values, 'auto-login')
  const emulator = await startEmulator({ port, ...(autoLogin !== undefined && { autoLogin }) })
  const { url, contexts } = emulator
  // first of all: whoever reads the address may interrupt at once
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  writeText(values.json ? `${JSON.stringify({ url, contexts })}\n` : `${url}\n`)
  writeText(
    `IMS emulator on ${url}. It is for development and tests and no security boundary.\n` +
      `Point a program at it with AIO_IMS_CONFIG_ENDPOINT=${url}; stop it with Ctrl-C.\n` +
      `Contexts: ${Object.keys(contexts).join(', ')} (print them with --json)\n`,
    process.stderr,
  )
  await interrupted
  await emulator.close()
  return 0
}
