import { isImsError } from '../../../core/errors.ts'
import { claimsOf } from '../../../core/ims/decode-token.ts'
import { isObject } from '../../../core/json.ts'
import { REDACTED } from '../../../core/redact.ts'
import { printable } from '../printable.ts'
import { type Run, UsageError } from './command.ts'
import { formatTime, printNote, printResult, withProgress } from './output.ts'
import { optionInteger, optionText } from './parse.ts'
import { type CommandSession, commandSession, contextOf, printableToken } from './subject.ts'

/** `imskit token`. */
export const tokenCommand: Run = async ({ args, values }) => {
  const here = commandSession()
  const { name } = await contextOf(args[0], here)
  const options = { interaction: 'none', ...(values.force === true && { force: true }) } as const
  const found = printableToken(await withProgress('Waiting for IMS', () => here.ims.getToken(name, options)))
  printResult({ context: name, token: found }, values.json, () => found)
  return 0
}

/** `imskit login`. */
export const loginCommand: Run = async ({ args, values }) => {
  const [browser, timeout, port] = [
    optionText(values, 'browser'),
    optionInteger(values, 'timeout', 86_400),
    optionInteger(values, 'callback-port', 65_535),
  ]
  const bind = optionText(values, 'callback-host')
  if (bind !== undefined && !port) throw new UsageError('The option --callback-host needs --callback-port <number>.')
  const here = commandSession({
    login: {
      ...(values['no-browser'] === true && { open: false }),
      ...(browser !== undefined && { browser }),
      ...(timeout !== undefined && { timeout: timeout * 1000 }),
      ...(port !== undefined && { port }),
      ...(bind !== undefined && { bind }),
    },
  })
  const { name } = await contextOf(args[0], here)
  if (values.force !== true && (await hasToken(here, name))) {
    printNote(`Context '${printable(name)}' has a valid token. To sign in again, pass --force.`)
    return reportTokens(here, name, { json: values.json })
  }
  const client = await here.ims.client(name)
  if (!('login' in client)) {
    await withProgress('Waiting for IMS', () => here.ims.getToken(name, { interaction: 'none', force: true }))
    return reportTokens(here, name, { json: values.json })
  }
  const interrupt = new AbortController()
  const stop = () => interrupt.abort(new Error('interrupted'))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  try {
    const [prompt, loginHint] = [optionText(values, 'prompt'), optionText(values, 'login-hint')]
    await client.login({ context: name, signal: interrupt.signal, prompt, loginHint })
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    printNote('The login was interrupted, and nothing was stored.')
    return 130
  }
  return reportTokens(here, name, { json: values.json })
}

/** Whether a token is available without the user. Rejects after an outage, which does not show that. */
async function hasToken({ ims }: CommandSession, name: string): Promise<boolean> {
  try {
    await withProgress('Waiting for IMS', () => ims.getToken(name, { interaction: 'none' }))
    return true
  } catch (error) {
    if (isImsError(error) && error.name === 'LoginRequiredError') return false
    throw error
  }
}

/** `imskit refresh`. */
export const refreshCommand: Run = async ({ args, values }) => {
  const here = commandSession()
  const { name } = await contextOf(args[0], here)
  const fresh = await withProgress('Waiting for IMS', () =>
    here.ims.getToken(name, { interaction: 'none', force: true }),
  )
  return reportTokens(here, name, {
    json: values.json,
    shown: values['show-secrets'] === true ? printableToken(fresh) : undefined,
  })
}

/** `imskit invalidate`. */
export const invalidateCommand: Run = async ({ args, values }) => {
  const here = commandSession()
  const { name } = await contextOf(args[0], here)
  await withProgress('Waiting for IMS', () => here.ims.invalidateToken(name, values.force === true))
  const invalidated = values.force === true ? ['refresh_token', 'access_token'] : ['access_token']
  printResult(
    { context: name, invalidated },
    values.json,
    () => `invalidated: ${invalidated.join(', ')} of '${printable(name)}'`,
  )
  return 0
}

/** Prints the state of a context's tokens, and the token itself if it is `shown`. */
async function reportTokens(
  here: CommandSession,
  name: string,
  { json, shown }: { json: unknown; shown?: string | undefined },
): Promise<number> {
  const { data } = await here.ims.context.get(name)
  const access = data?.access_token
  const expiresAt = isObject(access) ? Number(access.expiry) : undefined
  const user = isObject(access) ? claimsOf(access.token)?.user_id : undefined
  const facts = {
    context: name,
    user,
    expiresAt,
    token: shown ?? REDACTED,
    renewable: data?.refresh_token !== undefined,
  }
  printResult(facts, json, () =>
    [
      `context    ${printable(name)}`,
      ...(user === undefined ? [] : [`user       ${printable(String(user))}`]),
      ...(expiresAt === undefined ? [] : [`expires    ${formatTime(expiresAt)}`]),
      `renewable  ${facts.renewable ? 'yes, it has a refresh token' : 'no refresh token'}`,
      ...(shown === undefined ? [] : [`token      ${shown}`]),
    ].join('\n'),
  )
  return 0
}
