import { ConfigurationError } from '../../../core/errors.ts'
import { clientCredentials } from '../../../core/flows/client-credentials.ts'
import type { Scopes } from '../../../core/flows/credentials.ts'
import type { SilentFlow } from '../../../core/flows/flow.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import { contextFromVariables, injectedContext, type VariablePrefix } from './variable-names.ts'

export interface CredentialFromVariablesOptions {
  /** Only variables that begin so, such as `OAUTH`. Default: all that are known, as long as they name one client. */
  readonly prefix?: VariablePrefix | undefined
  /** Instead of the scopes that the variables name. */
  readonly scopes?: Scopes | undefined
}

/** What `createClient` takes. */
export interface CredentialFromVariables {
  readonly flow: SilentFlow
  readonly env?: string
}

const optionNames: OptionNames<CredentialFromVariablesOptions> = { prefix: 1, scopes: 1 }

/**
 * The Server-to-Server credential that `variables` hold under the names of other tools: `process.env`, or the
 * parameters of an I/O Runtime action. It is taken when asked for, never by itself: such names belong to many programs.
 *
 * `__ims_oauth_s2s`, which I/O Runtime gives to an action, comes before all others. Variables of two prefixes are never
 * mixed.
 *
 * ```ts
 * const ims = createClient({ ...credentialFromVariables(process.env), ...nodePlatform() })
 * ```
 *
 * @throws {ConfigurationError} `MISSING_ENVIRONMENT_VARIABLE` naming what is missing; `BAD_OPTION` where the variables
 *   name two clients, or no scopes
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
  const asked = scopes ?? (data.scopes as string[] | undefined)
  if (asked === undefined || asked.length === 0)
    throw new ConfigurationError('BAD_OPTION', 'the variables name no scopes; set those too, or give the option scopes')
  const { client_id, client_secrets, ims_org_id, env } = data as Record<string, string>
  const flow = clientCredentials({
    clientId: client_id as string,
    clientSecret: client_secrets as unknown as string[],
    scopes: asked,
    ...(ims_org_id !== undefined && { orgId: ims_org_id }),
  })
  return { flow, ...(env !== undefined && { env }) }
}
