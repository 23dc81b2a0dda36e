import { type ContextStore, type TokenLabel, type TokenPatch, withTokens } from '../../../core/compat/contexts.ts'
import { isObject } from '../../../core/json.ts'
import type { Json } from '../../../core/ports.ts'
import type { AioConfig, ConfigFileName, PreparedUpdate } from './aio-config.ts'
import { admitUse } from './trust.ts'

type Path = readonly string[]

const root = ['ims', 'contexts'] as const
const tokenLabels: readonly string[] = ['access_token', 'refresh_token']
const currentKey = ['ims', 'config', 'current'] as const

/**
 * Named contexts in the `.aio` files and the environment, shared with `@adobe/aio-lib-ims`.
 *
 * @example
 * const ims = createIms({ contexts: aioContexts(aioConfig()), ...nodePlatform() })
 */
export function aioContexts(config: AioConfig): ContextStore {
  return {
    read: (name) => readContext(config, name),
    async write(name, data, local) {
      await config.set(local ? 'local' : 'global', await pathToWrite(config, name), data)
    },
    writeTokens: (name, patch) => writeTokens(config, { name, patch }),
    prepareTokens: (name) => prepareTokens(config, name),
    admit: async (name, use) => admitUse(config, await pathOf(config, name), use),
    names: () => config.names(root),
    async current() {
      const name = await config.get(currentKey)
      return typeof name === 'string' && name !== '' ? name : undefined
    },
    // always in the local file: the choice of one project must not change another
    setCurrent: (name) => config.set('local', currentKey, name),
  }
}

async function readContext(config: AioConfig, name: string) {
  const path = await pathOf(config, name)
  const data = await config.get(path)
  return { data, local: data !== undefined && (await has(config, 'local', path)) }
}

/**
 * The path that a context is read from: its whole name, else the path at which `@adobe/aio-lib-ims` stores a name with
 * dots or reads `context.key`, a value inside a context.
 */
async function pathOf(config: AioConfig, name: string): Promise<Path> {
  const whole = [...root, name]
  const parts = name.split('.')
  if (parts.length < 2 || parts.some((part) => part.trim() === '')) return whole
  if ((await config.get(whole)) !== undefined) return whole
  const nested = [...root, ...parts]
  return (await config.get(nested)) === undefined ? whole : nested
}

/** The path that a context is written to, which is never inside another context. */
async function pathToWrite(config: AioConfig, name: string): Promise<Path> {
  const whole = [...root, name]
  const path = await pathOf(config, name)
  if (path.length === whole.length) return whole
  for (let length = root.length + 1; length < path.length; length += 1) {
    if (!isGroup(await config.get(path.slice(0, length)))) return whole
  }
  return path
}

async function has(config: AioConfig, file: ConfigFileName, path: Path): Promise<boolean> {
  return (await config.get(path, file)) !== undefined
}

/** The file of a token: new tokens are written to the file of their context, old ones are removed from their own. */
async function fileOf(config: AioConfig, path: Path, token: { label: TokenLabel; removed: boolean }) {
  return (await has(config, 'local', token.removed ? [...path, token.label] : path)) ? 'local' : 'global'
}

interface TokenWrite {
  readonly name: string
  readonly patch: TokenPatch
  readonly prepared?: { readonly file: ConfigFileName; readonly update: PreparedUpdate } | undefined
}

async function writeTokens(config: AioConfig, { name, patch, prepared }: TokenWrite): Promise<void> {
  const path = await pathToWrite(config, name)
  const patches: Record<ConfigFileName, TokenPatch> = { local: {}, global: {} }
  for (const label of Object.keys(patch) as TokenLabel[]) {
    const removed = patch[label] === undefined
    const file = await fileOf(config, path, { label, removed })
    // removing a missing token must not create a file
    if (removed && !(await has(config, file, [...path, label]))) continue
    patches[file] = { ...patches[file], [label]: patch[label] }
  }
  for (const file of ['local', 'global'] as const) {
    if (Object.keys(patches[file]).length === 0) continue
    const change = (context: Json | undefined) => withTokens(isObject(context) ? context : {}, patches[file])
    await (prepared?.file === file ? prepared.update.update(path, change) : config.update(file, path, change))
  }
}

async function prepareTokens(config: AioConfig, name: string) {
  const path = await pathToWrite(config, name)
  const file = await fileOf(config, path, { label: 'access_token', removed: false })
  const update = await config.prepare?.(file)
  return {
    write: (patch: TokenPatch) => writeTokens(config, { name, patch, prepared: update && { file, update } }),
    discard: () => update?.discard(),
  }
}

/** Whether a value only groups contexts with dots in their names, and is not a context itself. */
function isGroup(value: Json | undefined): boolean {
  if (!isObject(value)) return false
  return Object.entries(value).every(([name, item]) => isObject(item) && !tokenLabels.includes(name.toLowerCase()))
}
