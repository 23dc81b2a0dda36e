import { isImsError } from '../../../../core/errors.ts'
import { isObject } from '../../../../core/json.ts'
import type { Json } from '../../../../core/ports.ts'
import type { AioConfig, ConfigSource } from '../../config/aio-config.ts'
import { variableOf } from '../../config/trust.ts'
import { type Check, type Finding, problem, warning } from './finding.ts'

const sources = ['global', 'local', 'env'] as const

/** Files that cannot be read, and values that hide others. */
export const checkConfiguration: Check = async ({ config }) => {
  const trees: Partial<Record<ConfigSource, Json>> = {}
  const findings: Finding[] = []
  for (const source of sources) {
    try {
      trees[source] = (await config.get(['ims'], source)) ?? {}
      // a place that does not exist is reported with the files
      const path = source === 'env' ? undefined : await config.path(source).catch(() => undefined)
      if (path !== undefined) findings.push(...variants((await config.get('', source)) ?? {}, path))
    } catch (error) {
      if (!isImsError(error)) throw error
      findings.push(problem('configuration', error.message, 'repair the file: it holds one JSON, HJSON or YAML object'))
    }
  }
  return [...findings, ...(await shadows(trees, config))]
}

/** Names that differ in case only: the first wins, here and in the old library. */
function variants(tree: Json, path: string, above: readonly string[] = []): Finding[] {
  if (!isObject(tree)) return []
  const seen = new Map<string, string>()
  return Object.entries(tree).flatMap(([name, value]) => {
    const first = seen.get(name.toLowerCase())
    seen.set(name.toLowerCase(), first ?? name)
    const inner = variants(value ?? null, path, [...above, name])
    if (first === undefined) return inner
    const [kept, lost] = [[...above, first].join('.'), [...above, name].join('.')]
    return [
      problem('configuration', `${path}: ${lost} is never read, as ${kept} stands before it`, `remove one of them`),
      ...inner,
    ]
  })
}

async function shadows(trees: Partial<Record<ConfigSource, Json>>, config: AioConfig): Promise<Finding[]> {
  const found: Finding[] = []
  for (const [high, low] of [
    ['local', 'global'],
    ['env', 'global'],
    ['env', 'local'],
  ] as const) {
    const below = leaves(trees[low] ?? {}, ['ims'])
    for (const [key, value] of leaves(trees[high] ?? {}, ['ims'])) {
      const hidden = below.get(key)
      if (hidden === undefined || hidden === value || key.includes('_token.')) continue
      const who = high === 'env' ? `the variable ${variableOf(key)} (or .env)` : await config.path('local')
      const where = await config.path(low)
      const fix =
        high === 'env'
          ? `unset ${variableOf(key)}, or remove ${key} from ${where}`
          : `remove ${key} from one of the files`
      found.push(warning('configuration', `${key} of ${where} is hidden by ${who}`, fix))
    }
  }
  return found
}

/** Every value with its path, lower-cased as names match in any case. */
function leaves(value: Json, path: readonly string[]): Map<string, string> {
  if (!isObject(value)) return new Map([[path.join('.').toLowerCase(), JSON.stringify(value)]])
  return new Map(Object.entries(value).flatMap(([name, item]) => [...leaves(item ?? null, [...path, name])]))
}
