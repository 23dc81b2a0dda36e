import type { ContextData } from '../../../../core/compat/contexts.ts'
import { isImsError } from '../../../../core/errors.ts'
import { isObject } from '../../../../core/json.ts'
import type { Json } from '../../../../core/ports.ts'
import type { AioConfig } from '../../config/aio-config.ts'
import { aioContexts } from '../../config/contexts-aio.ts'
import { configDefaults } from '../../config/defaults.ts'
import { directoryValue, untrustedProgram, variableOf } from '../../config/trust.ts'
import { kindName } from '../kinds.ts'
import { type Check, type Finding, problem, warning } from './finding.ts'

/** A key of the configuration, and the file or variable that its value comes from. */
export interface Source {
  readonly key: string
  readonly from: string
}

/** Checks for values of the working directory that imskit refuses: servers for the user's secrets, and programs. */
export const checkProvenance: Check = async ({ config }) => {
  try {
    const { untrusted } = await configDefaults(config)
    const findings: Finding[] = []
    const stored = aioContexts(config)
    for (const name of await stored.names()) {
      const { data } = await stored.read(name)
      if (isObject(data)) findings.push(...(await refusals(config, name, data)))
    }
    if (findings.length > 0 || untrusted === undefined) return findings
    const fix = 'set the server in the environment, or remove it from the file'
    return [warning('configuration', untrusted.message, fix)]
  } catch (error) {
    // the check of the configuration reports the file
    if (isImsError(error)) return []
    throw error
  }
}

async function refusals(config: AioConfig, name: string, data: ContextData): Promise<Finding[]> {
  const { endpoint: everywhere, untrusted } = await configDefaults(config)
  const own = data.endpoint === undefined || data.endpoint === null ? undefined : String(data.endpoint)
  const use = { data, overrides: {}, kind: kindName(name, data), endpoint: own ?? everywhere }
  const fix = (key: string) => `inspect .aio and .env in this directory; if you trust them, set ${variableOf(key)}`
  try {
    const { browser } = (await aioContexts(config).admit?.(name, own === undefined ? { ...use, untrusted } : use)) ?? {}
    if (!isObject(browser)) return []
    const program = { file: String(browser.file), key: String(browser.key) }
    return [problem('configuration', untrustedProgram(program).message, fix(program.key))]
  } catch (error) {
    if (!isImsError(error) || error.code !== 'UNTRUSTED_SOURCE') throw error
    return [problem('configuration', `context '${name}': ${error.message}`, fix(String(error.details?.key)))]
  }
}

/** The source of each value under `ims` and `cli`. */
export async function sources(config: AioConfig): Promise<Source[]> {
  const found: Source[] = []
  for (const root of ['ims', 'cli']) await collect(config, [root], found)
  return found
}

async function collect(config: AioConfig, path: readonly string[], found: Source[]): Promise<void> {
  const value = await config.get(path)
  if (!isObject(value)) return
  const place = await config.provenance?.(path)
  for (const [name, item] of Object.entries(value)) {
    const key = [...path, name]
    if (isObject(item)) await collect(config, key, found)
    else if (place !== undefined && item !== undefined) {
      const file = directoryValue(place, path, name, item)?.file
      found.push({ key: key.join('.'), from: file ?? (await ownSource(config, key, item)) })
    }
  }
}

async function ownSource(config: AioConfig, key: readonly string[], value: Json): Promise<string> {
  const isThere = JSON.stringify(await config.get(key, 'env')) === JSON.stringify(value)
  return isThere ? `variable ${variableOf(key.join('.'))}` : config.path('global')
}
