import type { ContextData } from '../../../core/compat/contexts.ts'
import { ConfigurationError } from '../../../core/errors.ts'
import { resolveEndpoint } from '../../../core/ims/environment.ts'
import { isObject } from '../../../core/json.ts'
import type { Json } from '../../../core/ports.ts'
import { readEnvironment } from '../config/environment.ts'
import { isSecret } from '../config/secret-names.ts'
import { contextFromVariables, variablePrefixes } from '../config/variable-names.ts'
import { printable } from '../printable.ts'
import { type OptionValues, type Run, UsageError } from './command.ts'
import { type CredentialFile, readCredentialFile } from './credential-file/read.ts'
import { kindName } from './kinds.ts'
import { colored, printResult, printWarning } from './output.ts'
import { optionText, optionTexts } from './parse.ts'
import { maskSecrets, readText } from './secrets.ts'
import { commandSession, contextOf } from './subject.ts'

/** `imskit context list`. */
export const contextListCommand: Run = async ({ values }) => {
  const { ims } = commandSession()
  const [names, current] = [await ims.context.keys(), await ims.context.getCurrent()]
  const rows: { name: string; current: boolean; local: boolean; kind: string | null }[] = []
  for (const name of names) {
    const { data, local } = await ims.context.get(name)
    const kind = isObject(data) ? kindName(name, data) : undefined
    rows.push({ name, current: name === current, local, kind: kind ?? null })
  }
  const width = Math.max(0, ...names.map((name) => printable(name).length))
  printResult(rows, values.json, () =>
    rows.length === 0
      ? 'There are no contexts. Create one with: imskit context set'
      : rows
          .map(
            ({ name, current, local, kind }) =>
              `${current ? '*' : ' '} ${printable(name).padEnd(width)}  ${kind ?? colored('yellow', 'unknown kind, see: imskit doctor')}${local ? '  local' : ''}`,
          )
          .join('\n'),
  )
  return 0
}

/** `imskit context get`. */
export const contextGetCommand: Run = async ({ args, values }) => {
  const { name, data, local } = await contextOf(args[0], commandSession())
  const shown = values['show-secrets'] === true ? data : (maskSecrets(data as Json) as typeof data)
  const [, key] = args
  if (key === undefined) {
    printResult({ name, local, data: shown }, values.json, () => JSON.stringify(shown, null, 2))
    return 0
  }
  const spelled = Object.keys(shown).find((one) => one.toLowerCase() === key.toLowerCase())
  const value = spelled === undefined ? undefined : shown[spelled]
  if (value === undefined)
    throw new ConfigurationError(
      'BAD_OPTION',
      `Context '${name}' does not have the key ${key}. Its keys are ${Object.keys(data).join(', ')}.`,
    )
  printResult(value, values.json, () => (typeof value === 'string' ? value : JSON.stringify(value, null, 2)))
  return 0
}

/** `imskit context set`. */
export const contextSetCommand: Run = async ({ args: [name = '', ...pairs], values }) => {
  const sources = [
    optionText(values, 'from'),
    ...optionTexts(values, 'secret-file').map((source) => split(source).value),
  ]
  if (sources.filter((source) => source === '-').length > 1)
    throw new UsageError('Standard input (-) can be used for one option only.')
  const { ims } = commandSession()
  const local = values.local === true
  const before = values.merge === true ? (await ims.context.get(name)).data : undefined
  const given = fromPairs(pairs)
  const file = await fromFile(values, given)
  const data = {
    ...before,
    ...file?.data,
    ...(await fromVariables(optionText(values, 'from-env'))),
    ...given,
    ...(await secretsOf(values)),
  }
  if (Object.keys(data).length === 0)
    throw new UsageError('There is nothing to set. Pass key=value, --from or --from-env.')
  checkHome(data)
  await ims.context.set(name, data, local)
  const kind = kindName(name, data)
  if (kind === undefined && !('access_token' in data)) printWarning(incomplete(name, data))
  const from = file?.what === undefined ? '' : `, from ${file.what}`
  printResult(
    { name, local, kind: kind ?? null, ...(file?.what !== undefined && { from: file.what }) },
    values.json,
    () => `set: ${printable(name)}${kind === undefined ? '' : ` (${kind})`}${from}`,
  )
  return 0
}

/** What is missing: the files of the console do not contain the scopes of a login. */
function incomplete(name: string, data: ContextData): string {
  const shown = printable(name)
  if (data.client_secrets !== undefined || kindName(name, { ...data, scope: 'openid' }) === undefined)
    return `Context '${shown}' does not match a kind of credential yet. imskit doctor shows what is missing.`
  return `Context '${shown}' has no scopes yet. Run: imskit context set ${shown} --merge scope=openid,AdobeID`
}

/** An environment that is not known must not be stored: the secret would be sent elsewhere. */
function checkHome({ env, endpoint }: ContextData): void {
  resolveEndpoint({ env: env as string | undefined, endpoint: endpoint as string | undefined })
}

async function fromFile(values: OptionValues, { env, endpoint }: ContextData): Promise<CredentialFile | undefined> {
  const [path, credential] = [optionText(values, 'from'), optionText(values, 'credential')]
  if (path === undefined && credential !== undefined)
    throw new UsageError('The option --credential chooses from a file. Pass --from <file> too.')
  if (path === undefined) return undefined
  return readCredentialFile(path, { credential, hasHome: env !== undefined || endpoint !== undefined })
}

async function fromVariables(prefix: string | undefined): Promise<object> {
  if (prefix === undefined) return {}
  const known = variablePrefixes.find((each) => each === prefix)
  if (known === undefined) throw new UsageError(`The option --from-env must be one of ${variablePrefixes.join(', ')}.`)
  return contextFromVariables((await readEnvironment()).variables, known)
}

function fromPairs(pairs: readonly string[]): Record<string, string> {
  const entries = pairs.map((pair) => {
    const { key, value } = split(pair)
    if (key === undefined || key === '') throw new UsageError('Pass the keys of a context as key=value.')
    // the path of a key file is not a secret
    if (isSecret(key) && !(key === 'private_key' && !value.includes('-----BEGIN')))
      printWarning(
        `${key} on the command line stays in the history of the shell. Use --secret-file ${key}=<file> instead.`,
      )
    return [key, value] as const
  })
  return Object.fromEntries(entries)
}

async function secretsOf(values: OptionValues): Promise<Record<string, Json>> {
  const secrets: Record<string, Json> = {}
  for (const source of optionTexts(values, 'secret-file')) {
    const { key = 'client_secret', value } = split(source)
    secrets[key] = lines(key, await readText(value))
  }
  for (const source of optionTexts(values, 'secret-env')) {
    const { key = 'client_secret', value } = split(source)
    const found = process.env[value]
    if (!found)
      throw new ConfigurationError('MISSING_ENVIRONMENT_VARIABLE', `The variable ${value} is not set. Export it first.`)
    secrets[key] = lines(key, found)
  }
  return secrets
}

/** While secrets are rotated there are several, one per line. */
function lines(key: string, secret: string): Json {
  return key === 'client_secrets' ? secret.split(/\r?\n/).filter((line) => line !== '') : secret
}

function split(pair: string): { key?: string; value: string } {
  const at = pair.indexOf('=')
  return at < 0 ? { value: pair } : { key: pair.slice(0, at), value: pair.slice(at + 1) }
}

/** `imskit context use`. */
export const contextUseCommand: Run = async ({ args, values }) => {
  const here = commandSession()
  const { name } = await contextOf(args[0], here)
  await here.ims.context.setCurrent(name)
  printResult({ current: name }, values.json, () => `current: ${printable(name)}`)
  return 0
}

/** `imskit context delete`. */
export const contextDeleteCommand: Run = async ({ args, values }) => {
  const here = commandSession()
  const { name } = await contextOf(args[0], here)
  for (const local of [true, false]) await here.ims.context.set(name, undefined, local)
  if ((await here.ims.context.get(name)).data !== undefined)
    throw new ConfigurationError(
      'BAD_OPTION',
      `Context '${name}' is also set by AIO_IMS_CONTEXTS_* variables. Unset them.`,
    )
  printResult({ deleted: name }, values.json, () => `deleted: ${printable(name)}`)
  return 0
}
