import { ConfigurationError } from '../errors.ts'
import { copyData, isObject } from '../json.ts'
import { badOption } from '../options.ts'
import type { Json } from '../ports.ts'
import { hideSecrets } from '../redact.ts'
import type { ContextApi, NamedContext } from './compat-api.ts'
import type { ContextState } from './context-state.ts'
import type { ContextData } from './contexts.ts'
import { refuseSecrets } from './secrets-in-browser.ts'

/** A configured context. */
export interface FoundContext {
  readonly name: string
  readonly data: ContextData
}

/**
 * The context `name`; without a name the current one.
 *
 * @throws {ConfigurationError} `CONTEXT_NOT_CONFIGURED`
 */
export async function findContext(state: ContextState, name: string | undefined | null): Promise<FoundContext> {
  const found = await nameOf(state, name)
  if (!name) state.current = found
  if (!found) {
    const message = 'No context was named and none is current; name one, or call context.setCurrent'
    throw new ConfigurationError('CONTEXT_NOT_CONFIGURED', message)
  }
  const { data } = await state.contexts.read(found)
  if (isObject(data)) return { name: found, data }
  const message = `IMS context '${found}' is not configured; set it with context.set`
  throw new ConfigurationError('CONTEXT_NOT_CONFIGURED', message)
}

/** The context `name` as `context.get` returns it, whether it is configured or not. */
export async function readContext({ contexts }: ContextState, name: string): Promise<NamedContext> {
  const { data, local } = await contexts.read(name)
  // the caller may print it: secrets are there, and do not show
  return { name, data: typeof data === 'object' && data !== null ? hideSecrets(copyData(data)) : data, local }
}

/** `context` of the compat API. */
export function contextApi(state: ContextState): ContextApi {
  const { contexts } = state
  return {
    set: (name, data, local = false) => writeContext(state, name, { data, local: Boolean(local) }),
    async get(name) {
      const found = await nameOf(state, name)
      return found ? readContext(state, found) : { name: undefined, data: undefined, local: false }
    },
    async setCurrent(name) {
      if (typeof name !== 'string' || name === '')
        throw new ConfigurationError('MISSING_CONTEXT_LABEL', 'context.setCurrent needs the name of a context')
      await contexts.setCurrent(name)
      state.current = name
    },
    getCurrent: () => contexts.current(),
    keys: () => contexts.names(),
    getCli: onlyInNode,
    setCli: onlyInNode,
  }
}

async function writeContext(
  state: ContextState,
  name: string | undefined | null,
  { data, local }: { readonly data: unknown; readonly local: boolean },
): Promise<void> {
  const written = await nameOf(state, name)
  if (!written) {
    const message = 'No context was named and none is current; name one, or call context.setCurrent first'
    throw new ConfigurationError('MISSING_CONTEXT_LABEL', message)
  }
  if (state.options.allowsSecrets === false) refuseSecrets(written, data)
  await state.contexts.write(written, checkData(written, data), local)
  // a dotted name addresses a value inside a context, whose client is outdated as well
  for (const [key, { name: known }] of state.clients)
    if (written === known || written.startsWith(`${known}.`)) state.clients.delete(key)
}

/** @throws {ConfigurationError} `BAD_OPTION` for a name that is not text */
async function nameOf({ contexts }: ContextState, name: unknown): Promise<string | undefined> {
  if (name !== undefined && name !== null && typeof name !== 'string')
    throw badOption('The name of an IMS context must be a string')
  return name || contexts.current()
}

/** A copy, so that the caller's later changes to `data` do not change the context. */
function checkData(name: string, data: unknown): Json | undefined {
  if (data === undefined || data === null) return undefined
  if (!isObject(data))
    throw new ConfigurationError('INVALID_CONTEXT_DATA', `The data of IMS context '${name}' must be an object`)
  try {
    return copyData(data) as Json
  } catch {
    const message = `The data of IMS context '${name}' must be plain data, without functions or symbols`
    throw new ConfigurationError('INVALID_CONTEXT_DATA', message)
  }
}

async function onlyInNode(): Promise<never> {
  throw badOption('The cli context is for command lines; use imskit/node')
}
