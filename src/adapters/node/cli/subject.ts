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
import { printWarning, withProgress } from './output.ts'
import { type OptionValues, optionText } from './parse.ts'
import { readStdin } from './secrets.ts'

/** A token, where it came from and the IMS to ask about it. */
export interface TokenWithIms {
  readonly token: string
  readonly context?: { readonly name: string; readonly data: ContextData }
  readonly ims: Ims
}

export interface CommandSession {
  readonly config: AioConfig
  readonly ims: NodeIms
}

/** The contexts of this place. Nothing asks a person unless the command does. */
export function commandSession(options: NodeImsOptions = {}): CommandSession {
  const config = aioConfig()
  return { config, ims: createNodeIms({ config, interactive: () => false, ...options }) }
}

/** `-` for standard input, a token, the name of a context, or nothing for the current context. */
export async function tokenWithIms(
  word: string | undefined,
  values: OptionValues,
  here = commandSession(),
): Promise<TokenWithIms> {
  const found = await tokenOf(word, here)
  return { ...found, ims: await imsFor(found, values, here.config) }
}

/** As {@link tokenWithIms}, for commands that ask no IMS. */
export async function tokenOf(word: string | undefined, here = commandSession()): Promise<Omit<TokenWithIms, 'ims'>> {
  if (word === '-' || (word !== undefined && looksLikeToken(word))) {
    if (word !== '-')
      printWarning('a token on the command line stays in the history of the shell; pipe it in, with - instead')
    const token = (word === '-' ? await readStdin() : word).trim()
    if (token === '') throw new TokenError('INVALID_TOKEN', 'standard input holds no token; pipe one in')
    return { token }
  }
  const context = await contextOf(word, here)
  const token = await withProgress('waiting for IMS', () => here.ims.getToken(context.name, { interaction: 'none' }))
  return { token, context }
}

/** `token`, if it is what a token can be (RFC 6749, appendix A.12): anything else could command the terminal. */
export function printableToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token
  const message =
    'the token has characters that no token has, so it is not printed; check the endpoint, or get a new one'
  throw new TokenError('INVALID_TOKEN', message)
}

/** Context names may hold dots, but not three long parts. */
function looksLikeToken(word: string): boolean {
  return claimsOf(word) !== undefined || /^[\w-]{16,}\.[\w-]{8,}\.[\w-]*$/.test(word)
}

/** A configured context; without a name the current one. */
export async function contextOf(
  word: string | undefined,
  { ims }: CommandSession,
): Promise<{ name: string; data: ContextData; local: boolean }> {
  const { name, data, local } = await ims.context.get(word)
  if (name === undefined) {
    const known = await ims.context.keys()
    const choice = known.length === 0 ? 'make one with: imskit context set' : `there are: ${known.join(', ')}`
    throw new ConfigurationError('MISSING_CONTEXT_LABEL', `no context is named and none is current; ${choice}`)
  }
  if (typeof data === 'object' && data !== null) return { name, data, local }
  const close = nearest(name, await ims.context.keys())
  const hint = close === undefined ? 'see: imskit context list' : `did you mean '${close}'?`
  // what was meant to be a token must not come back as the name of a context
  const shown = name.length > 60 ? 'of that name' : `'${name}'`
  throw new ConfigurationError('CONTEXT_NOT_CONFIGURED', `there is no context ${shown}; ${hint}`)
}

/**
 * The IMS to ask. A token of a context was admitted there; any other is the user's own, and so is a `secret` from the
 * command line.
 *
 * @throws {ConfigurationError} `UNTRUSTED_SOURCE`
 */
export async function imsFor(
  { token, context }: Omit<TokenWithIms, 'ims'>,
  values: OptionValues,
  config: AioConfig,
  secret?: string,
): Promise<Ims> {
  const data = context?.data
  const [env, endpoint] = [optionText(values, 'env') ?? data?.env, optionText(values, 'endpoint') ?? data?.endpoint]
  const asked = {
    ...(env !== undefined && { env: String(env) }),
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
  if (env !== undefined || endpoint !== undefined) return new Ims(asked)
  if (context === undefined && defaults.untrusted) throw defaults.untrusted
  if (data !== undefined || defaults.endpoint !== undefined) return new Ims(withoutEmpty(defaults))
  const home = claimsOf(token)?.as
  return new Ims(
    home === 'ims-na1-stg1' ? { env: 'stage' } : home === 'ims-na1' ? { env: 'prod' } : withoutEmpty(defaults),
  )
}

function withoutEmpty({ env, endpoint }: ConnectionDefaults): { env?: string; endpoint?: string } {
  return { ...(env !== undefined && { env }), ...(endpoint !== undefined && { endpoint }) }
}

/** Who a command asks as: an option, the context's client, or the token's own. */
export function clientOf({ token, context }: TokenWithIms, values: OptionValues): string | undefined {
  const own = context?.data.client_id
  return optionText(values, 'client-id') ?? (typeof own === 'string' ? own : claimsOf(token)?.client_id)
}
