import { isImsError } from '../../../../core/errors.ts'
import { isObject } from '../../../../core/json.ts'
import type { Json } from '../../../../core/ports.ts'
import type { AioConfig, ConfigSource } from '../../config/aio-config.ts'
import { variableOf } from '../../config/trust.ts'
import { type Check, type Finding, problem, warning } from './finding.ts'

const sources = ['global', 'local', 'env'] as const

/** Checks for files that cannot be read, and for values that hide others. */
export const checkConfiguration: Check = async ({ config }) => {
  const trees: Partial<Record<ConfigSource, Json>> = {}
  const findings: Finding[] = []
  for (const source of sources) {
    try {
      trees[source] = (await config.get(['ims'], source)) ?? {}
      // a missing directory is reported by the check of the files
      const path = source === 'env' ? undefined : await config.path(source).catch(() => undefined)
      if (path !== undefined) findings.push(...variants((await config.get('', source)) ?? {}, path))
    } catch (error) {
      if (!isImsError(error)) throw error
      findings.push(
        problem('configuration', error.message, 'correct the file: it must contain one JSON, HJSON or YAML object'),
      )
    }
  }
  return [...findings, ...(await shadows(trees, config))]
}

/** Names that differ in case only: imskit and `@adobe/aio-lib-core-config` use the first one. */
function variants(tree: Json, path: string, above: readonly string[] = []): Finding[] {
  if (!isObject(tree)) return []
  const seen = new Map<string, string>()
  return Object.entries(tree).flatMap(([name, value]) => {
    const first = seen.get(name.toLowerCase())
    seen.set(name.toLowerCase(), first ?? name)
    const inner = variants(value ?? null, path, [...above, name])
    if (first === undefined) return inner
    const [used, ignored] = [[...above, first].join('.'), [...above, name].join('.')]
    return [
      problem(
        'configuration',
        `${path}: ${ignored} is never read, because ${used} comes before it`,
        'remove one of them',
      ),
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
      const hiddenBy = high === 'env' ? `the variable ${variableOf(key)} (or .env)` : await config.path('local')
      const lowPath = await config.path(low)
      const fix =
        high === 'env'
          ? `unset ${variableOf(key)}, or remove ${key} from ${lowPath}`
          : `remove ${key} from one of the files`
      found.push(warning('configuration', `${key} of ${lowPath} is hidden by ${hiddenBy}`, fix))
    }
  }
  return found
}

/** Every value by its path, in lower case because names match in any case. */
function leaves(value: Json, path: readonly string[]): Map<string, string> {
  if (!isObject(value)) return new Map([[path.join('.').toLowerCase(), JSON.stringify(value)]])
  return new Map(Object.entries(value).flatMap(([name, item]) => [...leaves(item ?? null, [...path, name])]))
}
