import { printable } from '../printable.ts'
import { type Run, UsageError } from './command.ts'
import { printNote, printResult, withProgress } from './output.ts'
import { askAll, type Findings } from './probe/ask.ts'
import { callsOf } from './probe/calls.ts'
import { type Credential, credentialOf } from './probe/credential.ts'
import { headingOf, report } from './probe/report.ts'
import { commandSession, contextOf } from './subject.ts'

/** `imskit probe`. */
export const probeCommand: Run = async ({ args, values }) => {
  const agreed = values.yes === true
  if (!agreed && !canAsk()) throw new UsageError('The probe needs your consent. Run it in a terminal, or pass --yes.')
  const here = commandSession()
  const { name, data } = await contextOf(args[0], here)
  const credential = await credentialOf(name, data, here.config)
  if (!agreed && !(await consents(name, credential))) {
    printNote('No request was sent.')
    return 1
  }
  const interrupt = new AbortController()
  const stop = () => {
    printNote('Interrupted. imskit revokes the token and sends no other requests.')
    interrupt.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  const findings = await withProgress('Waiting for IMS', () =>
    askAll(credential, { signal: interrupt.signal, verbose: values.verbose === true }),
  )
  const exitCode = interrupt.signal.aborted ? 130 : codeOf(findings)
  const heading = headingOf(credential)
  printResult({ ...heading, ...findings, exitCode }, values.json, () => report(findings, heading))
  return exitCode
}

function codeOf({ differences, failures, tokenLeft }: Findings): number {
  return differences.length + failures.length > 0 || tokenLeft ? 1 : 0
}

/** The result may be redirected to a file, but the question and its answer need a terminal. */
function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

async function consents(name: string, credential: Credential): Promise<boolean> {
  const { endpoint, clientSecret } = credential
  const calls = callsOf(credential)
  printNote(
    `imskit probe sends these requests to ${printable(endpoint)}, with the credential of context '${printable(name)}':\n`,
  )
  for (const { about } of calls) printNote(`  ${about}`)
  const secret = clientSecret === undefined ? 'No secret is sent.' : 'The secret is sent only there.'
  printNote(
    `\n${secret} If a token is issued, it is revoked at the end. The rejected requests may appear in logs at Adobe.`,
  )
  const { createInterface } = await import('node:readline')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await new Promise((resolve) => {
      // the end of input and Ctrl-C are not consent
      lines.once('SIGINT', () => lines.close())
      lines.once('close', () => resolve(false))
      lines.question('Send them now? [y/N] ', (answer) => resolve(/^\s*y(es)?\s*$/i.test(answer)))
    })
  } finally {
    lines.close()
  }
}
