import { startEmulator } from '../../../emulator/start.ts'
import type { Run } from './command.ts'
import { writeText } from './output.ts'
import { optionInteger, optionText } from './parse.ts'

/** `imskit emulator`: runs until it is interrupted. */
export const emulatorCommand: Run = async ({ values }) => {
  const port = optionInteger(values, 'port', 65_535) ?? 0
  const autoLogin = optionText(values, 'auto-login')
  const emulator = await startEmulator({ port, ...(autoLogin !== undefined && { autoLogin }) })
  const { url, contexts } = emulator
  // before the address is printed, because its reader may interrupt at once
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  writeText(values.json ? `${JSON.stringify({ url, contexts })}\n` : `${url}\n`)
  writeText(
    `IMS emulator on ${url}. It is for development and tests, and not a security boundary.\n` +
      `Set AIO_IMS_CONFIG_ENDPOINT=${url} to use it in a program. Stop it with Ctrl-C.\n` +
      `Contexts: ${Object.keys(contexts).join(', ')} (print them with --json)\n`,
    process.stderr,
  )
  await interrupted
  await emulator.close()
  return 0
}
