import { ConfigurationError, TokenError } from '../../../core/errors.ts'
import type { ContextData } from '../../../core/familiar/contexts.ts'
import { claimsOf } from '../../../core/ims/decode-token.ts'
import { nearest } from '../../../core/nearest.ts'
import { type AioConfig, aioConfig } from '../config/aio-config.ts'
import { createNodeIms, type NodeIms, type NodeImsOptions } from '../familiar.ts'
import { Ims } from '../ims.ts'
import { configDefaults } from '../platform.ts'
import { progress, warn } from './output.ts'
import { text, type Values } from './parse.ts'
import { readStdin } from './secrets.ts'

/** A token, where it came from and the IMS to ask about it. */
export interface Subject {
  readonly token: string
  readonly context?: { readonly name: string; readonly data: ContextData }
  readonly ims: Ims
}

export interface Session {
  readonly config: AioConfig
  readonly ims: NodeIms
}

/** The contexts of this place. Nothing asks a person unless the command does. */
export function session(options: NodeImsOptions = {}): Session {
  const config = aioConfig()
  return { config, ims: createNodeIms({ config, interactive: () => false, ...options }) }
}

/** `-` for standard input, a token, the name of a context, or nothing for the current context. */
export async function subjectOf(word: string | undefined, values: Values, here = session()): Promise<Subject> {
  if (word === '-' || (word !== undefined && looksLikeToken(word))) {
    if (word !== '-') warn('a token on the command line stays in the history of the shell; pipe it in, with - instead')
    const token = (word === '-' ? await readStdin() : word).trim()
    if (token === '') throw new TokenError('INVALID_TOKEN', 'standard input holds no token; pipe one in')
    return { token, ims: await imsFor(token, undefined, values, here.config) }
  }
  const context = await contextOf(word, here)
  const token = await progress('waiting for IMS', () => here.ims.getToken(context.name, { interaction: 'none' }))
  return { token, context, ims: await imsFor(token, context.data, values, here.config) }
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
  { ims }: Session,
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

async function imsFor(token: string, data: ContextData | undefined, values: Values, config: AioConfig): Promise<Ims> {
  const [env, endpoint] = [text(values, 'env') ?? data?.env, text(values, 'endpoint') ?? data?.endpoint]
  const asked = {
    ...(env !== undefined && { env: String(env) }),
    ...(endpoint !== undefined && { endpoint: String(endpoint) }),
  }
  if (env !== undefined || endpoint !== undefined) return new Ims(asked)
  const defaults = await configDefaults(config)
  if (data !== undefined || defaults.endpoint !== undefined) return new Ims(defaults)
  const home = claimsOf(token)?.as
  return new Ims(home === 'ims-na1-stg1' ? { env: 'stage' } : home === 'ims-na1' ? { env: 'prod' } : defaults)
}

/** Who a command asks as: an option, the context's client, or the token's own. */
export function clientOf({ token, context }: Subject, values: Values): string | undefined {
  const own = context?.data.client_id
  return text(values, 'client-id') ?? (typeof own === 'string' ? own : claimsOf(token)?.client_id)
}
