import { ConfigurationError } from '../../../../core/errors.ts'
import { endpoints, isLoopback } from '../../../../core/ims/environment.ts'
import type { Json } from '../../../../core/ports.ts'
import { environmentAt } from '../../config/variable-names.ts'
import { byPlainName, unquotedText } from './keys.ts'

/** Where a credential belongs: an environment, or the address of a server on this machine. */
export interface Home {
  readonly env?: string
  readonly endpoint?: string
}

const environmentNames = ['env', 'environment', 'imsenv', 'imsenvironment', 'aioclienv']
const serverNames = ['ims', 'host', 'endpoint', 'baseurl', 'tokenurl', 'url'].flatMap((name) => [name, `ims${name}`])

/**
 * The environment that `values` name: a secret of stage must never be sent to production, so a name that cannot be used
 * is an error.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function homeOf(values: Readonly<Record<string, unknown>>, file: string): Home {
  const given = byPlainName(values)
  let found: { readonly name: string; readonly home: Home } | undefined
  const take = (name: string, home: Home) => {
    if (found !== undefined && JSON.stringify(found.home) !== JSON.stringify(home))
      throw refused(`${file} names two environments, in ${found.name} and ${name}.`)
    found = { name, home }
  }
  for (const name of [...environmentNames, 'aioimsconfigendpoint', ...serverNames]) {
    const value = given[name]
    if (typeof value !== 'string') continue
    const spelled = Object.keys(values).find((each) => byPlainName({ [each]: 1 })[name] === 1) ?? name
    const text = String(unquotedText(value as Json)).trim()
    if (environmentNames.includes(name)) take(spelled, { env: environmentNamed(text, spelled, file) })
    else take(spelled, serverHome(text, spelled, file))
  }
  return found?.home ?? {}
}

function environmentNamed(text: string, name: string, file: string): string {
  const env = text.toLowerCase()
  if (Object.hasOwn(endpoints, env)) return env
  if (env === 'production') return 'prod'
  throw refused(`${file} names an environment in ${name} that imskit does not know.`)
}

function serverHome(text: string, name: string, file: string): Home {
  const env = environmentAt(text)
  if (env !== undefined) return { env }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && isLoopback(url.hostname)) return { endpoint: url.origin }
  throw refused(`${file} names a server in ${name} that is not Adobe's production or stage.`)
}

const refused = (what: string) =>
  new ConfigurationError(
    'BAD_OPTION',
    `${what} imskit stored nothing. To choose, pass env=prod, env=stage or endpoint=<url>.`,
  )
