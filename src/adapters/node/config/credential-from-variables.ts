import { ConfigurationError } from '../../../core/errors.ts'
import { clientCredentials } from '../../../core/flows/client-credentials.ts'
import type { Scopes } from '../../../core/flows/credentials.ts'
import type { SilentFlow } from '../../../core/flows/flow.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import { contextFromVariables, injectedContext, type VariablePrefix } from './variable-names.ts'

export interface CredentialFromVariablesOptions {
  /** Use only variables with this prefix, such as `OAUTH`. Default: all known prefixes, if they name one client. */
  readonly prefix?: VariablePrefix | undefined
  /** Default: the scopes in the variables. */
  readonly scopes?: Scopes | undefined
}

/** Options for `createClient`. */
export interface CredentialFromVariables {
  readonly flow: SilentFlow
  readonly env?: string
}

const optionNames: OptionNames<CredentialFromVariablesOptions> = { prefix: 1, scopes: 1 }

/**
 * The Server-to-Server credential in `variables`, under the names that other tools use: `process.env`, or the parameters
 * of an I/O Runtime action. imskit never reads such variables by itself, because many programs use these names.
 *
 * `__ims_oauth_s2s`, which I/O Runtime passes to an action, overrides all variables. Variables of two prefixes are never
 * mixed.
 *
 * @example
 * const ims = createClient({ ...credentialFromVariables(process.env), ...nodePlatform() })
 *
 * @throws {ConfigurationError} `MISSING_ENVIRONMENT_VARIABLE` naming the missing variable; `BAD_OPTION` if the
 *   variables name two clients, or no scopes
 */
export function credentialFromVariables(
  variables: Readonly<Record<string, unknown>>,
  options: CredentialFromVariablesOptions = {},
): CredentialFromVariables {
  checkOptions('credentialFromVariables', variables)
  checkOptions('credentialFromVariables', options, optionNames)
  const { prefix, scopes } = options
  const data =
    (prefix === undefined ? injectedContext(variables) : undefined) ?? contextFromVariables(variables, prefix)
  const requested = scopes ?? (data.scopes as string[] | undefined)
  if (requested === undefined || requested.length === 0)
    throw new ConfigurationError(
      'BAD_OPTION',
      'The variables do not name scopes. Set them as well, or pass the option scopes.',
    )
  const { client_id, client_secrets, ims_org_id, env } = data
  const flow = clientCredentials({
    clientId: String(client_id),
    clientSecret: client_secrets as string[],
    scopes: requested,
    ...(ims_org_id !== undefined && { orgId: String(ims_org_id) }),
  })
  return { flow, ...(env !== undefined && { env: String(env) }) }
}
