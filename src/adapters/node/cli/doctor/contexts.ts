import { kindOf } from '../../../../core/compat/context-kind.ts'
import type { ContextData } from '../../../../core/compat/contexts.ts'
import { readStored } from '../../../../core/compat/tokens-in-context.ts'
import { isImsError } from '../../../../core/errors.ts'
import { claimsOf } from '../../../../core/ims/decode-token.ts'
import { resolveEndpoint } from '../../../../core/ims/environment.ts'
import { foreignHost } from '../../../../core/ims/host.ts'
import { isObject } from '../../../../core/json.ts'
import { storedFile } from '../../config/adobe-file.ts'
import { aioContexts } from '../../config/contexts-aio.ts'
import { kinds } from '../kinds.ts'
import { formatDuration } from '../output.ts'
import { type Check, type CheckInput, type Finding, problem, warning } from './finding.ts'

/** Checks for contexts that cannot obtain tokens, and for tokens that are not valid. */
export const checkContexts: Check = async (input) => {
  const findings = input.redirectPatterns.flatMap((pattern) => dots(pattern, '--redirect-pattern'))
  let names: string[]
  const stored = aioContexts(input.config)
  try {
    names = await stored.names()
  } catch {
    // the check of the configuration reports the file
    return findings
  }
  const current = await stored.current()
  if (current !== undefined && !names.some((name) => name.toLowerCase() === current.toLowerCase()))
    findings.push(
      problem('contexts', `the current context '${current}' does not exist`, 'imskit context use <context>'),
    )
  for (const name of names) {
    const { data } = await stored.read(name)
    if (!isObject(data)) {
      findings.push(problem('contexts', `context '${name}' is not an object`, `imskit context delete ${name}`))
      continue
    }
    findings.push(...credential(name, data), ...redirects(name, data), ...tokens(name, data, input))
  }
  return findings
}

function credential(name: string, data: ContextData): Finding[] {
  try {
    resolveEndpoint({ env: data.env as string | undefined, endpoint: data.endpoint as string | undefined })
    kindOf(name, data, kinds)
    return []
  } catch (error) {
    if (!isImsError(error)) throw error
    const keys = storedFile(name, data) === undefined ? '--merge <key>=<value>' : '--from <file>'
    return [problem('contexts', error.message, `imskit context set ${name} ${keys}`)]
  }
}

const patternKey = /redirect_?uri_?patterns?$/i

function redirects(name: string, data: ContextData): Finding[] {
  return Object.entries(data).flatMap(([key, value]) => {
    const texts = (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string')
    const where = `${key} of context '${name}'`
    if (patternKey.test(key)) return texts.flatMap((text) => dots(text, where))
    if (key !== 'redirect_uri') return []
    return texts
      .filter((text) => !URL.canParse(text) || text.includes('\\') || text.includes('*'))
      .map(() =>
        problem('contexts', `${where} is not a URL; patterns belong in the console`, 'set it to one https URL'),
      )
  })
}

/** An unescaped dot matches any character: `https://app.example` also matches `https://appXexample`. */
function dots(pattern: string, where: string): Finding[] {
  const host = pattern.replace(/^[a-z]+:\\?\/\\?\//i, '').split('/')[0] ?? ''
  if (!/(?<!\\)\.(?![*+])/.test(host)) return []
  const escaped = pattern.replace(host, host.replace(/(?<!\\)\.(?![*+])/g, '\\.'))
  return [warning('contexts', `${where} has a dot that matches any character: ${pattern}`, `use ${escaped}`)]
}

function tokens(name: string, data: ContextData, { now, endpoint }: CheckInput): Finding[] {
  const findings: Finding[] = []
  const [access, refresh] = [readStored(data.access_token, undefined), readStored(data.refresh_token, undefined)]
  const renewable = (refresh?.expiry ?? 0) > now
  const machine = isMachine(name, data)
  if (access !== undefined && access.expiry - now < 600_000) {
    const expired = access.expiry <= now
    const what = `the access token of context '${name}' ${expired ? `expired ${formatDuration(now - access.expiry)} ago` : `expires in ${formatDuration(access.expiry - now)}`}`
    if (renewable || machine) findings.push(warning('tokens', what, `imskit refresh ${name}`))
    else
      findings.push(
        (expired ? problem : warning)('tokens', `${what}, and it cannot be renewed`, `imskit login ${name}`),
      )
  } else if (refresh !== undefined && refresh.expiry - now < 24 * 3_600_000) {
    findings.push(
      warning(
        'tokens',
        `the refresh token of context '${name}' expires within a day or has expired`,
        `imskit login ${name} --force`,
      ),
    )
  }
  const own = ownEndpoint(data) ?? endpoint
  const issuer = foreignHost(claimsOf(access?.token), own)
  if (issuer !== undefined)
    findings.push(
      problem(
        'tokens',
        `the access token of context '${name}' was issued by ${issuer}, but the context uses ${own}`,
        `imskit login ${name} --force`,
      ),
    )
  return findings
}

function isMachine(name: string, data: ContextData): boolean {
  try {
    return ['jwt', 'oauth_server_to_server'].includes(kindOf(name, data, kinds).type)
  } catch {
    return false
  }
}

function ownEndpoint({ env, endpoint }: ContextData): string | undefined {
  if (env === undefined && endpoint === undefined) return undefined
  try {
    return resolveEndpoint({ env: env as string, endpoint: endpoint as string | undefined })
  } catch {
    return undefined
  }
}
