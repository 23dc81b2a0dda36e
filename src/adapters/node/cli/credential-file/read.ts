import { basename } from 'node:path'
import type { ContextData } from '../../../../core/compat/contexts.ts'
import { ConfigurationError, isImsError } from '../../../../core/errors.ts'
import { resolveEndpoint } from '../../../../core/ims/environment.ts'
import { adobeFileOf, describeFile } from '../../config/adobe-file.ts'
import { parseDotEnv } from '../../config/dot-env.ts'
import { parseConfig } from '../../config/file-format.ts'
import { kinds } from '../kinds.ts'
import { readText } from '../secrets.ts'
import { type Candidate, candidatesOf } from './candidates.ts'
import { candidatesInVariables, isDotEnv } from './dot-env.ts'
import { homeOf } from './environment.ts'
import { foreignTree, notACredential, refuseText, unknownTree } from './refuse.ts'

export interface CredentialFile {
  readonly data: ContextData
  /** What the file is; `undefined` for the data of a context. */
  readonly what?: string
}

export interface Choice {
  /** The name, type or client id of one of several credentials. */
  readonly credential?: string | undefined
  /** Whether the user names the environment, so that the file's does not count. */
  readonly hasHome?: boolean
  /** Which credentials can be used; if only one can, it needs no choice. */
  readonly accepts?: (data: ContextData) => boolean
}

/**
 * The credential in a file that Adobe provides, as the data of a context.
 *
 * @throws {ConfigurationError} `BAD_OPTION` if the file is something else, holds several credentials, or names an
 *   environment that cannot be used
 */
export async function readCredentialFile(path: string, choice: Choice = {}): Promise<CredentialFile> {
  const shown = path === '-' ? 'Standard input' : path
  const text = (await readText(path)).replace(/^\uFEFF/, '')
  refuseText(text, shown)
  if (isDotEnv(text) || /^\.env(\.|$)/.test(basename(path)))
    return chosen({ what: 'an env file', shown, candidates: candidatesInVariables(parseDotEnv(text)) }, choice)
  const tree = await treeIn(text, shown)
  const file = adobeFileOf(tree)
  if (file === undefined) return plainContext(tree, shown, choice)
  return chosen({ what: describeFile(file), shown, candidates: candidatesOf[file](tree, path) }, choice)
}

async function treeIn(text: string, shown: string): Promise<ContextData> {
  try {
    return (await parseConfig(text, shown)).tree
  } catch (error) {
    if (!isImsError(error) || error.code !== 'CONFIG_UNREADABLE') throw error
    const { line } = error.details ?? {}
    throw notACredential(
      shown,
      `damaged${line === undefined ? '' : ` (line ${line})`}: neither JSON nor HJSON, YAML or an env file`,
    )
  }
}

const contextKeys: ReadonlySet<string> = new Set([
  ...kinds.flatMap(({ required, optional }) => Object.keys({ ...required, ...optional })),
  ...['access_token', 'refresh_token', 'env', 'endpoint', 'redirect_uri_patterns'],
])

function plainContext(tree: ContextData, shown: string, { credential, hasHome }: Choice): CredentialFile {
  const keys = Object.keys(tree)
  const foreign = foreignTree(tree)
  if (foreign !== undefined || !keys.some((key) => contextKeys.has(key)))
    throw notACredential(shown, foreign ?? unknownTree(tree))
  if (credential !== undefined)
    throw new ConfigurationError('BAD_OPTION', `${shown} contains one context. Leave --credential out.`)
  if (!hasHome) checkHome(tree, shown)
  return { data: tree }
}

/** @throws {ConfigurationError} `BAD_OPTION` if the context's own environment is not known */
function checkHome({ env, endpoint }: ContextData, shown: string): void {
  try {
    resolveEndpoint({ env: env as string | undefined, endpoint: endpoint as string | undefined })
  } catch (error) {
    if (!isImsError(error)) throw error
    throw new ConfigurationError('BAD_OPTION', `${shown}: ${error.message}. imskit stored nothing.`)
  }
}

interface Found {
  readonly what: string
  readonly shown: string
  readonly candidates: readonly Candidate[]
}

function chosen({ what, shown, candidates }: Found, { credential, hasHome, accepts }: Choice): CredentialFile {
  const wanted = credential?.toLowerCase()
  const named = candidates.filter(({ names }) => names.some((name) => name.toLowerCase() === wanted))
  if (candidates.length === 0) throw notACredential(shown, `${what} without a credential`)
  const complete = (wanted === undefined ? candidates : named).filter(({ data }) => data !== undefined)
  const accepted = complete.filter(({ data }) => data !== undefined && accepts?.(data) !== false)
  const usable = accepted.length > 0 ? accepted : complete
  const [one, second] = usable
  if (wanted !== undefined && named.length === 0)
    throw refused(
      `${shown} has no credential of this name. It has ${listed(candidates)}. Pass one of these with --credential`,
    )
  if (one?.data === undefined) {
    const reasons = (named.length > 0 ? named : candidates).map(
      ({ names, useless }) => `'${names[0]}' ${useless ?? 'is not complete'}`,
    )
    throw refused(
      `${shown} is ${what}, and no credential in it can be used, so imskit stored nothing: ${reasons.join('; ')}`,
    )
  }
  if (second !== undefined)
    throw refused(`${shown} has several credentials: ${listed(usable)}. Choose one with --credential <name>`)
  const home = hasHome ? {} : homeOf(one.home ?? {}, shown)
  return { data: { ...one.data, ...home }, what }
}

const refused = (message: string) => new ConfigurationError('BAD_OPTION', `${message}.`)

/** The first name of each credential with its type or, if others have the same name, its client id. */
function listed(candidates: readonly Candidate[]): string {
  return candidates
    .map(
      ({ names: [first = '', ...more] }) =>
        `'${first}'${more.length === 0 ? '' : ` (${[...new Set(more)].join(', ')})`}`,
    )
    .join(', ')
}
