import { printable } from '../printable.ts'
import { type Run, UsageError } from './command.ts'
import { canAsk, confirm } from './confirm.ts'
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
  return confirm('Send them now?')
}
