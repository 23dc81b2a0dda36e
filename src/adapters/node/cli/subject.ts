import type { ContextData } from '../../../core/compat/contexts.ts'
import { ConfigurationError, TokenError } from '../../../core/errors.ts'
import { claimsOf } from '../../../core/ims/decode-token.ts'
import { nearest } from '../../../core/nearest.ts'
import type { ConnectionDefaults } from '../../../core/ports.ts'
import { createNodeIms, type NodeIms, type NodeImsOptions } from '../compat.ts'
import { type AioConfig, aioConfig } from '../config/aio-config.ts'
import { aioContexts } from '../config/contexts-aio.ts'
import { configDefaults } from '../config/defaults.ts'
import { Ims } from '../ims.ts'
import type { OptionValues } from './command.ts'
import { recordEvent } from './event-log.ts'
import { noteContext } from './hints.ts'
import { printWarning, withProgress } from './output.ts'
import { optionText } from './parse.ts'
import { readStdin } from './secrets.ts'

/** A token, its context if it has one, and the IMS to ask about it. */
export interface TokenWithIms {
  readonly token: string
  readonly context?: { readonly name: string; readonly data: ContextData }
  readonly ims: Ims
}

export interface CommandSession {
  readonly config: AioConfig
  readonly ims: NodeIms
}

/** The contexts of the working directory. They never ask the user to sign in; commands do. */
export function commandSession(options: NodeImsOptions = {}): CommandSession {
  const config = aioConfig()
  return { config, ims: createNodeIms({ config, interactive: () => false, onEvent: recordEvent, ...options }) }
}

/** Resolves an argument: `-` (standard input), a token, the name of a context, or `undefined` (the current context). */
export async function tokenWithIms(
  word: string | undefined,
  values: OptionValues,
  here = commandSession(),
): Promise<TokenWithIms> {
  const found = await tokenOf(word, here)
  return { ...found, ims: await imsFor(found, values, { config: here.config }) }
}

/** Like {@link tokenWithIms}, for commands that do not call IMS. */
export async function tokenOf(word: string | undefined, here = commandSession()): Promise<Omit<TokenWithIms, 'ims'>> {
  if (word === '-' || (word !== undefined && looksLikeToken(word))) {
    if (word !== '-')
      printWarning('A token on the command line stays in the history of the shell. Pipe it in with - instead.')
    const token = (word === '-' ? await readStdin() : word).trim()
    if (token === '') throw new TokenError('INVALID_TOKEN', 'Standard input does not contain a token. Pipe one in.')
    return { token }
  }
  const context = await contextOf(word, here)
  const token = await withProgress('Waiting for IMS', () => here.ims.getToken(context.name, { interaction: 'none' }))
  return { token, context }
}

/** Returns `token` if it has only the characters of tokens (RFC 6749, appendix A.12): others could control the terminal. */
export function printableToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token
  const message =
    'The token contains characters that are not allowed in tokens, so it is not printed. Check the endpoint, or get a new token.'
  throw new TokenError('INVALID_TOKEN', message)
}

/** Names of contexts may contain dots, but rarely have three long parts. */
function looksLikeToken(word: string): boolean {
  return claimsOf(word) !== undefined || /^[\w-]{16,}\.[\w-]{8,}\.[\w-]*$/.test(word)
}

/** A configured context, by default the current one. */
export async function contextOf(
  word: string | undefined,
  { ims }: CommandSession,
): Promise<{ name: string; data: ContextData; local: boolean }> {
  const { name, data, local } = await ims.context.get(word)
  if (name !== undefined) noteContext(name)
  if (name === undefined) {
    const known = await ims.context.keys()
    const choice = known.length === 0 ? 'Create one with: imskit context set' : `Existing contexts: ${known.join(', ')}`
    throw new ConfigurationError(
      'MISSING_CONTEXT_LABEL',
      `No context was given, and there is no current context. ${choice}`,
    )
  }
  if (typeof data === 'object' && data !== null) return { name, data, local }
  const close = nearest(name, await ims.context.keys())
  const hint = close === undefined ? 'To list the contexts, run: imskit context list' : `Did you mean '${close}'?`
  // a long name may be a token that the user passed by mistake, so it is not printed
  const shown = name.length > 60 ? 'of this name' : `'${name}'`
  throw new ConfigurationError('CONTEXT_NOT_CONFIGURED', `There is no context ${shown}. ${hint}`)
}

/**
 * The IMS to ask. The token of a context was already admitted for it; any other token comes from the user, and so does a
 * `secret` from the command line.
 *
 * @throws {ConfigurationError} `UNTRUSTED_SOURCE`
 */
export async function imsFor(
  { token, context }: Omit<TokenWithIms, 'ims'>,
  values: OptionValues,
  { config, secret }: { config: AioConfig; secret?: string },
): Promise<Ims> {
  const data = context?.data
  const [wanted, endpoint] = [optionText(values, 'env') ?? data?.env, optionText(values, 'endpoint') ?? data?.endpoint]
  const asked = {
    ...(wanted !== undefined && { env: String(wanted) }),
    ...(endpoint !== undefined && { endpoint: String(endpoint) }),
  }
  const defaults = await configDefaults(config)
  const named = optionText(values, 'endpoint')
  if (context !== undefined && secret !== undefined && named === undefined) {
    const [to, untrusted] = [endpoint ?? defaults.endpoint, endpoint === undefined ? defaults.untrusted : undefined]
    const use = { data: context.data, overrides: { client_secret: secret }, untrusted }
    await aioContexts(config).admit?.(context.name, {
      ...use,
      data: { ...use.data, ...use.overrides },
      ...(to !== undefined && { endpoint: String(to) }),
    })
  }
  if (wanted !== undefined || endpoint !== undefined) return new Ims({ ...asked, onEvent: recordEvent })
  if (context === undefined && defaults.untrusted) throw defaults.untrusted
  if (data !== undefined || defaults.endpoint !== undefined)
    return new Ims({ ...withoutEmpty(defaults), onEvent: recordEvent })
  const home = claimsOf(token)?.as
  const env = home === 'ims-na1-stg1' ? 'stage' : home === 'ims-na1' ? 'prod' : undefined
  return new Ims({ ...(env === undefined ? withoutEmpty(defaults) : { env }), onEvent: recordEvent })
}

function withoutEmpty({ env, endpoint }: ConnectionDefaults): { env?: string; endpoint?: string } {
  return { ...(env !== undefined && { env }), ...(endpoint !== undefined && { endpoint }) }
}

/** The client id of a request: of the option, of the context, or of the token. */
export function clientOf({ token, context }: TokenWithIms, values: OptionValues): string | undefined {
  const own = context?.data.client_id
  return optionText(values, 'client-id') ?? (typeof own === 'string' ? own : claimsOf(token)?.client_id)
}
