import type { ContextData } from '../../../../core/compat/contexts.ts'
import { isImsError } from '../../../../core/errors.ts'
import { treeOf } from '../../config/environment.ts'
import { contextFromVariables, variablePrefixes } from '../../config/variable-names.ts'
import { type Candidate, candidatesOf } from './candidates.ts'
import { contextFromValues, plain } from './keys.ts'

type Variables = Readonly<Record<string, string>>

/** Whether `text` is an env file: its first line that is not a comment sets a variable. */
export function isDotEnv(text: string): boolean {
  const line = text.split(/\r?\n/).find((each) => each.trim() !== '' && !each.trim().startsWith('#')) ?? ''
  return /^\s*(?:export\s+)?[\w.$-]+\s*=/.test(line)
}

/**
 * The credentials in the variables of an env file: contexts, the names of other tools, and plain `CLIENT_ID`. `aio app
 * use` writes one credential under two names, which counts once.
 *
 * @throws {ConfigurationError} `BAD_OPTION` if a variable names a server that imskit cannot use
 */
export function candidatesInVariables(variables: Variables): readonly Candidate[] {
  const found: Candidate[] = []
  const add = (candidate: Candidate) => {
    const known = found.find(({ data }) => data?.client_id === candidate.data?.client_id)
    if (known === undefined) found.push(candidate)
    else found[found.indexOf(known)] = { ...known, names: [...known.names, ...candidate.names] }
  }
  const general = { AIO_CLI_ENV: variables.AIO_CLI_ENV ?? variables.AIO_cli_env }
  const { ims, $ims } = treeOf(variables, 'aio')
  for (const candidate of candidatesOf.aio({ ims, $ims }, '')) {
    if (candidate.data !== undefined) add({ ...candidate, home: { ...general, ...candidate.home } })
  }
  for (const prefix of variablePrefixes) {
    const data = withPrefix(variables, prefix)
    if (data !== undefined) add({ names: [prefix], data, home: { ...general, env: data.env } })
  }
  const own = plainVariables(variables)
  const data = contextFromValues(own)
  if (data !== undefined) add({ names: ['CLIENT_ID'], data, home: { ...general, ...own } })
  return found
}

function withPrefix(variables: Variables, prefix: (typeof variablePrefixes)[number]): ContextData | undefined {
  try {
    return contextFromVariables(variables, prefix)
  } catch (error) {
    if (isImsError(error) && error.code === 'MISSING_ENVIRONMENT_VARIABLE') return undefined
    throw error
  }
}

const plainNames = ['CLIENT_ID', 'CLIENT_SECRET', 'CLIENT_SECRETS', 'ORG_ID', 'SCOPES', 'SCOPE', 'REDIRECT_URI']
const moreNames = [
  'TECHNICAL_ACCOUNT_ID',
  'TECHNICAL_ACCOUNT_EMAIL',
  'META_SCOPES',
  'PRIVATE_KEY',
  'IMS_ENV',
  'IMS_ENDPOINT',
]
const known: ReadonlySet<string> = new Set([...plainNames, ...moreNames, 'AIO_IMS_CONFIG_ENDPOINT'].map(plain))

/** The variables of one credential, with or without the prefix of Vite and Next. */
function plainVariables(variables: Variables): Variables {
  const entries = Object.entries(variables).map(
    ([name, value]) => [name.replace(/^(?:VITE|NEXT_PUBLIC)_/, ''), value] as const,
  )
  return Object.fromEntries(entries.filter(([name]) => known.has(plain(name))))
}
