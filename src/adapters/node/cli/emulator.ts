import { removeIfPresent, writeFileAtomic } from '../files/write-file.ts'
import { type OptionValues, type Run, UsageError } from './command.ts'
import { type Started, startFromCommandLine } from './emulator-start.ts'
import {
  credentialVariables,
  endpointVariables,
  type ReadyKind,
  readyKinds,
  type ShellVariables,
  shellLines,
} from './emulator-variables.ts'
import { writeText } from './output.ts'
import { optionText } from './parse.ts'

type ByKind = readonly (readonly [kind: ReadyKind, variables: ShellVariables])[]

/** `imskit emulator`: runs until it is interrupted. */
export const emulatorCommand: Run = async ({ values }) => {
  const readyFile = readyFileOf(values)
  const started = await startFromCommandLine(values)
  const { url, contexts, redirectUri, relayUrl, trust } = started
  // before the address is printed, because its reader may interrupt at once
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  try {
    if (readyFile !== undefined) await writeFileAtomic(readyFile, `${url}\n`)
    const kinds = Object.keys(readyKinds) as ReadyKind[]
    const { AIO_IMS_CONFIG_ENDPOINT = url } = endpointVariables(contexts)
    const byKind = kinds.map(
      (kind) =>
        [kind, { ...credentialVariables(contexts, kind, redirectUri), AIO_IMS_CONFIG_ENDPOINT, ...trust }] as const,
    )
    // the first output on stdout: it means that the emulator answers
    writeText(values.json ? `${JSON.stringify({ url, contexts, relayUrl })}\n` : `${url}\n`)
    if (!values.json) writeText(introduction(started, byKind), process.stderr)
    await interrupted
  } finally {
    if (readyFile !== undefined) removeIfPresent(readyFile)
    await started.close()
  }
  return 0
}

/** The path of `--ready-file`. A file of an earlier run is removed, as its address no longer answers. */
function readyFileOf(values: OptionValues): string | undefined {
  const path = optionText(values, 'ready-file')
  if (path === '') throw new UsageError('The option --ready-file needs the path of a file.')
  if (path !== undefined) removeIfPresent(path)
  return path
}

function introduction({ url, relayUrl }: Started, byKind: ByKind): string {
  const stop = process.stdin.isTTY ? 'Stop it with Ctrl-C.' : `Stop it with: kill ${process.pid}`
  return [
    `IMS emulator on ${url}. It is for development and tests, and not a security boundary.`,
    `Requests, tokens, faults and the clock: open ${url} in a browser. ${stop}`,
    ...(relayUrl === undefined ? [] : [`The app over https: ${relayUrl}`]),
    '',
    'To use it, copy the lines of one credential into the terminal of your program;',
    'or run your program with: imskit emulator exec -- <command>',
    '',
    ...byKind.map(([kind, variables]) => `# ${kind}: ${readyKinds[kind]}\n${shellLines(variables)}`),
  ].join('\n')
}
