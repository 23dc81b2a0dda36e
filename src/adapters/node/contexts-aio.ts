import {
  type ContextStore,
  isObject,
  type TokenLabel,
  type TokenPatch,
  withTokens,
} from '../../core/familiar/contexts.ts'
import type { Json } from '../../core/ports.ts'
import type { AioConfig, ConfigFileName, PreparedUpdate } from './config/aio-config.ts'

interface Prepared {
  readonly file: ConfigFileName
  readonly update: PreparedUpdate
}

const root = ['ims', 'contexts'] as const
const currentKey = ['ims', 'config', 'current'] as const

/** Named contexts in the `.aio` files and the environment, shared with the old library. */
export function aioContexts(config: AioConfig): ContextStore {
  /** A context's own name first; the old library also takes `context.key` for a value inside a context. */
  async function pathOf(name: string): Promise<readonly string[]> {
    const whole = [...root, name]
    if (!name.includes('.') || (await config.get(whole)) !== undefined) return whole
    const steps = [...root, ...name.split('.').filter((step) => step !== '')]
    return (await config.get(steps.slice(0, root.length + 1))) === undefined ? whole : steps
  }

  const has = async (file: ConfigFileName, path: readonly string[]) => (await config.get(path, file)) !== undefined

  /** New tokens go where their context is, old ones are removed where they are. */
  async function placeOf(path: readonly string[], label: TokenLabel, removed: boolean): Promise<ConfigFileName> {
    return (await has('local', removed ? [...path, label] : path)) ? 'local' : 'global'
  }

  async function writeTokens(name: string, patch: TokenPatch, prepared?: Prepared): Promise<void> {
    const path = await pathOf(name)
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
      await config.set(local ? 'local' : 'global', await pathOf(name), data)
    },
    writeTokens,
    async prepareTokens(name) {
      const file = await placeOf(await pathOf(name), 'access_token', false)
      const update = await config.prepare?.(file)
      return {
        write: (patch) => writeTokens(name, patch, update && { file, update }),
        discard: () => update?.discard(),
      }
    },
    names: () => config.names(root),
    async current() {
      const name = await config.get(currentKey)
      return typeof name === 'string' && name !== '' ? name : undefined
    },
    // enforced to the local file, as one project's choice is not another's
    setCurrent: (name) => config.set('local', currentKey, name),
  }
}
