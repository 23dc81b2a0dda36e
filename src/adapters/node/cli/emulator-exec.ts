import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { ConfigurationError } from '../../../core/errors.ts'
import { codeOf } from '../files/write-file.ts'
import { type OptionValues, type Run, UsageError } from './command.ts'
import { startFromCommandLine } from './emulator-start.ts'
import { credentialVariables, endpointVariables, type ReadyKind, readyKinds } from './emulator-variables.ts'
import { printNote } from './output.ts'
import { optionText } from './parse.ts'

/** How a command ended. */
interface End {
  readonly code: number
  readonly signal?: NodeJS.Signals
}

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** `imskit emulator exec`: the emulator runs as long as a command does, which has the variables of a credential. */
export const emulatorExecCommand: Run = async ({ args, values }) => {
  const kind = readKind(values)
  const { url, contexts, relayUrl, redirectUri, trust, close } = await startFromCommandLine(values)
  const variables = {
    ...endpointVariables(contexts),
    ...credentialVariables(contexts, kind, redirectUri),
    ...trust,
  }
  printNote(`IMS emulator on ${url}, credential: ${kind}`)
  if (relayUrl !== undefined) printNote(`The app over https: ${relayUrl}`)
  let end: End
  try {
    end = await runCommand(args, { ...process.env, ...variables })
  } finally {
    await close()
  }
  // ends as the command did, so that a shell sees the same
  if (end.signal !== undefined) process.kill(process.pid, end.signal)
  return end.code
}

function readKind(values: OptionValues): ReadyKind {
  const kind = optionText(values, 'kind') ?? 'oauth_server_to_server'
  if (Object.hasOwn(readyKinds, kind)) return kind as ReadyKind
  throw new UsageError(`The option --kind must be one of ${Object.keys(readyKinds).join(', ')}.`)
}

async function runCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<End> {
  const [program = '', ...rest] = process.platform === 'win32' ? [args.map(quotedForWindows).join(' ')] : args
  // on Windows, npm and npx are scripts, which only a shell runs
  const child = spawn(program, rest, { env, stdio: 'inherit', shell: process.platform === 'win32' })
  const forward = (signal: NodeJS.Signals) => {
    // a terminal sends Ctrl-C to the command as well
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  for (const signal of forwarded) process.on(signal, forward)
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return signal === null ? { code: code ?? 1 } : { code: 128 + constants.signals[signal], signal }
  } catch (error) {
    throw notStarted(args[0] ?? '', codeOf(error))
  } finally {
    for (const signal of forwarded) process.off(signal, forward)
  }
}

function notStarted(program: string, code: string): ConfigurationError {
  return new ConfigurationError(
    'BAD_OPTION',
    code === 'ENOENT'
      ? `The program '${program}' was not found. Check its name, or start it with npx.`
      : `The program '${program}' cannot be started (${code}). Check that it is executable.`,
  )
}

const quotedForWindows = (word: string) => (/^[\w@%+=:,./\\-]+$/.test(word) ? word : `"${word.replaceAll('"', '\\"')}"`)
