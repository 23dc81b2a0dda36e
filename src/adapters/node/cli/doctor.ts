import { isImsError } from '../../../core/errors.ts'
import { resolveEndpoint } from '../../../core/ims/environment.ts'
import { type AioConfig, aioConfig } from '../config/aio-config.ts'
import { configDefaults } from '../config/defaults.ts'
import { printable } from '../printable.ts'
import type { OptionValues, Run } from './command.ts'
import { checkConfiguration } from './doctor/configuration.ts'
import { checkContexts } from './doctor/contexts.ts'
import { checkFiles } from './doctor/files.ts'
import { type Check, type CheckInput, exitCodes, type Finding, problem } from './doctor/finding.ts'
import { checkNetwork } from './doctor/network.ts'
import { checkProvenance, type Source, sources } from './doctor/provenance.ts'
import { checkRuntime } from './doctor/runtime.ts'
import { colored, printResult, withProgress } from './output.ts'
import { optionText, optionTexts } from './parse.ts'

/** `imskit doctor`. */
export const doctorCommand: Run = async ({ values }) => {
  const { config, endpoint, findings } = await diagnose(values)
  const code = exitCode(findings, values.strict === true)
  const found = await sourcesOf(config)
  printResult({ endpoint, findings, sources: found, exitCode: code }, values.json, () =>
    [describe(findings, endpoint), ...listed(found)].join('\n'),
  )
  return code
}

interface Diagnosis {
  readonly config: AioConfig
  readonly endpoint: string
  readonly findings: readonly Finding[]
}

/** Runs the checks that the options select. */
export async function diagnose(values: OptionValues): Promise<Diagnosis> {
  const config = aioConfig()
  const { endpoint, findings } = await endpointOf(values)
  const input: CheckInput = {
    config,
    endpoint: endpoint ?? resolveEndpoint({}),
    env: process.env,
    nodeVersion: process.version,
    now: Date.now(),
    redirectPatterns: optionTexts(values, 'redirect-pattern'),
  }
  const online = values.offline === true || endpoint === undefined ? [] : [checkNetwork]
  const checks: readonly Check[] = [
    checkRuntime,
    ...online,
    checkFiles,
    checkConfiguration,
    checkProvenance,
    checkContexts,
  ]
  for (const check of checks) findings.push(...(await withProgress('Checking', async () => check(input))))
  return { config, endpoint: input.endpoint, findings }
}

/** Empty if a file cannot be read, which is a finding of its own. */
async function sourcesOf(config: AioConfig): Promise<Source[]> {
  try {
    return await sources(config)
  } catch (error) {
    if (isImsError(error)) return []
    throw error
  }
}

function listed(found: readonly Source[]): string[] {
  if (found.length === 0) return []
  const shown = found.map(({ key, from }) => ({ key: printable(key), from: printable(from) }))
  const width = Math.max(...shown.map(({ key }) => key.length))
  return ['\nSources of the values:', ...shown.map(({ key, from }) => `  ${key.padEnd(width)}  ${from}`)]
}

async function endpointOf(values: OptionValues): Promise<{ endpoint?: string; findings: Finding[] }> {
  const [env, endpoint] = [optionText(values, 'env'), optionText(values, 'endpoint')]
  const asked = { ...(env !== undefined && { env }), ...(endpoint !== undefined && { endpoint }) }
  if (Object.keys(asked).length > 0) return { endpoint: resolveEndpoint(asked), findings: [] }
  try {
    return { endpoint: resolveEndpoint(await configDefaults(aioConfig())), findings: [] }
  } catch (error) {
    if (!isImsError(error)) throw error
    // the check of the configuration reports a file that cannot be read
    if (error.code === 'CONFIG_UNREADABLE') return { findings: [] }
    return {
      findings: [problem('configuration', error.message, 'correct ims.config.endpoint or AIO_IMS_CONFIG_ENDPOINT')],
    }
  }
}

function exitCode(findings: readonly Finding[], strict: boolean): number {
  const counted = findings.filter(({ level }) => strict || level === 'problem')
  return counted.length === 0 ? 0 : Math.min(...counted.map((finding) => exitCodes[finding.class]))
}

function describe(findings: readonly Finding[], endpoint: string): string {
  if (findings.length === 0) return `${colored('green', 'No problems found.')} IMS: ${endpoint}`
  const lines = findings.map(({ class: kind, level, what, fix }) => {
    const mark = level === 'problem' ? colored('red', `problem (${kind})`) : colored('yellow', `warning (${kind})`)
    return `${mark}: ${printable(what)}\n  fix: ${printable(fix)}`
  })
  return lines.join('\n')
}
