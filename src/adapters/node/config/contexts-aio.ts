import { type ContextStore, type TokenLabel, type TokenPatch, withTokens } from '../../../core/compat/contexts.ts'
import { isObject } from '../../../core/json.ts'
import type { Json } from '../../../core/ports.ts'
import type { AioConfig, ConfigFileName, PreparedUpdate } from './aio-config.ts'
import { admitUse } from './trust.ts'

interface Prepared {
  readonly file: ConfigFileName
  readonly update: PreparedUpdate
}

const root = ['ims', 'contexts'] as const
const tokenLabels: readonly string[] = ['access_token', 'refresh_token']
const currentKey = ['ims', 'config', 'current'] as const

/** Named contexts in the `.aio` files and the environment, shared with the old library. */
export function aioContexts(config: AioConfig): ContextStore {
  /**
   * Where a context is read: under its whole name, else where the old library stores a name with dots or reads
   * `context.key`, a value inside a context.
   */
  async function pathOf(name: string): Promise<readonly string[]> {
    const whole = [...root, name]
    const parts = name.split('.')
    if (parts.length < 2 || parts.some((part) => part.trim() === '')) return whole
    if ((await config.get(whole)) !== undefined) return whole
    const nested = [...root, ...parts]
    return (await config.get(nested)) === undefined ? whole : nested
  }

  /** Where a context is written: never inside another context. */
  async function placeToWrite(name: string): Promise<readonly string[]> {
    const whole = [...root, name]
    const path = await pathOf(name)
    if (path.length === whole.length) return whole
    for (let length = root.length + 1; length < path.length; length += 1) {
      if (!isGroup(await config.get(path.slice(0, length)))) return whole
    }
    return path
  }

  const has = async (file: ConfigFileName, path: readonly string[]) => (await config.get(path, file)) !== undefined

  /** New tokens go where their context is, old ones are removed where they are. */
  async function placeOf(path: readonly string[], label: TokenLabel, removed: boolean): Promise<ConfigFileName> {
    return (await has('local', removed ? [...path, label] : path)) ? 'local' : 'global'
  }

  async function writeTokens(name: string, patch: TokenPatch, prepared?: Prepared): Promise<void> {
    const path = await placeToWrite(name)
    const patches: Record<ConfigFileName, TokenPatch> = { local: {}, global: {} }
    for (const label of Object.keys(patch) as TokenLabel[]) {
      const removed = patch[label] === undefined
      const place = await placeOf(path, label, removed)
      // what is not there makes no file of its own
      if (removed && !(await has(place, [...path, label]))) continue
      patches[place] = { ...patches[place], [label]: patch[label] }
    }
    for (const file of ['local', 'global'] as const) {
      if (Object.keys(patches[file]).length === 0) continue
      const change = (context: Json | undefined) => withTokens(isObject(context) ? context : {}, patches[file])
      await (prepared?.file === file ? prepared.update.update(path, change) : config.update(file, path, change))
    }
  }

  return {
    async read(name) {
      const path = await pathOf(name)
      const data = await config.get(path)
      return { data, local: data !== undefined && (await has('local', path)) }
    },
    async write(name, data, local) {
      await config.set(local ? 'local' : 'global', await placeToWrite(name), data)
    },
    writeTokens,
    async prepareTokens(name) {
      const file = await placeOf(await placeToWrite(name), 'access_token', false)
      const update = await config.prepare?.(file)
      return {
        write: (patch) => writeTokens(name, patch, update && { file, update }),
        discard: () => update?.discard(),
      }
    },
    admit: async (name, use) => admitUse(config, await pathOf(name), use),
    names: () => config.names(root),
    async current() {
      const name = await config.get(currentKey)
      return typeof name === 'string' && name !== '' ? name : undefined
    },
    // enforced to the local file, as one project's choice is not another's
    setCurrent: (name) => config.set('local', currentKey, name),
  }
}

/** Whether a value only groups contexts whose names have dots, and is not a context itself. */
function isGroup(value: Json | undefined): boolean {
  if (!isObject(value)) return false
  return Object.entries(value).every(([name, item]) => isObject(item) && !tokenLabels.includes(name.toLowerCase()))
}
