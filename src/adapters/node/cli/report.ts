import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { readStored } from '../../../core/compat/tokens-in-context.ts'
import { isImsError } from '../../../core/errors.ts'
import { isLoopback } from '../../../core/ims/environment.ts'
import { isAdobes } from '../../../core/ims/host.ts'
import { isObject } from '../../../core/json.ts'
import { homeDirectory } from '../files/places.ts'
import { ciVariable } from '../login/login-options.ts'
import { printable } from '../printable.ts'
import type { Run } from './command.ts'
import type { Finding } from './doctor/finding.ts'
import { diagnose } from './doctor.ts'
import { recentEvents } from './event-log.ts'
import { kindName } from './kinds.ts'
import { printResult } from './output.ts'
import { proxyUse } from './proxy.ts'
import { commandSession } from './subject.ts'

declare const __VERSION__: string

/** `imskit report`: what a maintainer needs to know, as Markdown for an issue, without secrets, tokens and ids. */
export const reportCommand: Run = async ({ args, values }) => {
  const { endpoint, findings } = await diagnose(values)
  const use = proxyUse(new URL(endpoint), { env: process.env, nodeVersion: process.version })
  const facts = {
    imskit: __VERSION__,
    node: `${process.version} on ${process.platform} ${process.arch}`,
    ims: isAdobes(endpoint) || isLoopback(new URL(endpoint).hostname) ? endpoint : "a host that is not Adobe's",
    terminal: process.stdout.isTTY === true,
    ci: ciVariable(process.env) ?? null,
    proxy: use === undefined ? 'none' : (use.by ?? 'not followed'),
    variables: Object.keys(process.env)
      .filter((name) => /^(?:AIO_|IMS|NODE_|https?_proxy$|no_proxy$)/i.test(name))
      .sort(),
    packages: packages(),
    contexts: await contexts(args[0]),
    findings: findings.map(({ class: kind, level, what }) => ({ class: kind, level, what: anonymous(what) })),
    events: recentEvents()
      .slice(-30)
      .map((event) => anonymous(JSON.stringify(event))),
  }
  printResult(facts, values.json, () => markdown(facts))
  return 0
}

type Facts = Readonly<Record<'imskit' | 'node' | 'ims' | 'proxy', string>> & {
  readonly terminal: boolean
  readonly ci: string | null
  readonly variables: readonly string[]
  readonly packages: Readonly<Record<string, string>>
  readonly contexts: readonly ContextFacts[]
  readonly findings: readonly Omit<Finding, 'fix'>[]
  readonly events: readonly string[]
}

function markdown(facts: Facts): string {
  const { imskit, node, ims, terminal, ci, proxy } = facts
  const versions = Object.entries(facts.packages).map(([name, version]) => `${name} ${version}`)
  return [
    '### imskit report',
    '',
    `- imskit ${imskit}, Node.js ${node}${terminal ? '' : ', no terminal'}${ci === null ? '' : `, CI (${ci})`}`,
    `- IMS: ${ims}, proxy: ${proxy}`,
    `- packages: ${versions.join(', ') || 'none of those that imskit works with'}`,
    `- variables that are set: ${facts.variables.map(code).join(', ') || 'none'}`,
    '',
    '#### Contexts',
    '',
    ...(facts.contexts.length === 0 ? ['none'] : facts.contexts.map(contextLine)),
    '',
    '#### Findings of imskit doctor',
    '',
    ...(facts.findings.length === 0
      ? ['none']
      : facts.findings.map(({ class: kind, level, what }) => `- ${level} (${kind}): ${escaped(what)}`)),
    '',
    '#### Recent events',
    '',
    ...(facts.events.length === 0 ? ['none'] : ['```', ...facts.events.map(printable), '```']),
  ].join('\n')
}

const code = (text: string) => `\`${printable(text).replaceAll('`', "'")}\``
/** Text of files could otherwise format the issue, or mention its readers. */
const escaped = (text: string) =>
  printable(text).replace(/[\\`*_[\]<>|@#]/g, (found) => (found === '@' ? '@\u200b' : `\\${found}`))

interface ContextFacts {
  readonly number: number
  readonly current: boolean
  readonly kind: string
  readonly local: boolean
  readonly keys: readonly string[]
  readonly accessToken: string
  readonly refreshToken: string
}

const contextLine = ({ number, current, kind, local, keys, accessToken, refreshToken }: ContextFacts) =>
  `- context ${number}${current ? ' (current)' : ''}: ${kind}${local ? ', local' : ''}; access token ${accessToken}, refresh token ${refreshToken}; keys ${keys.map(code).join(', ')}`

/** Each context, or the named one, without its name and values. */
async function contexts(only: string | undefined): Promise<ContextFacts[]> {
  const { ims } = commandSession()
  try {
    const [names, current] = [await ims.context.keys(), await ims.context.getCurrent()]
    const found: ContextFacts[] = []
    for (const [index, name] of names.entries()) {
      if (only !== undefined && name !== only) continue
      const { data, local } = await ims.context.get(name)
      const known = isObject(data) ? data : {}
      const state = (value: Parameters<typeof readStored>[0]) => {
        if (value === undefined) return 'missing'
        return (readStored(value, undefined)?.expiry ?? 0) > Date.now() ? 'valid' : 'expired'
      }
      found.push({
        number: index + 1,
        current: name === current,
        kind: kindName(name, known) ?? 'no kind',
        local,
        keys: Object.keys(known),
        accessToken: state(known.access_token),
        refreshToken: state(known.refresh_token),
      })
    }
    return found
  } catch (error) {
    // a file that cannot be read is a finding
    if (isImsError(error)) return []
    throw error
  }
}

const companions = [
  '@adobe/aio-lib-ims',
  '@adobe/aio-lib-core-config',
  '@adobe/aio-lib-state',
  '@adobe/aio-cli-plugin-auth',
  'undici',
  'vite',
  'next',
  'wrangler',
  'typescript',
]

/** The versions of packages in this project. Their manifests are read, and nothing of them runs. */
function packages(): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of companions) {
    try {
      const paths = createRequire(join(process.cwd(), 'package.json')).resolve.paths(name) ?? []
      const text = paths.map((path) => manifestAt(join(path, name, 'package.json'))).find((each) => each !== undefined)
      const version: unknown = text === undefined ? undefined : JSON.parse(text).version
      if (typeof version === 'string' && /^[\w.+-]{1,40}$/.test(version)) found[name] = version
    } catch {
      // no working directory, or a damaged manifest
    }
  }
  return found
}

function manifestAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Text of a finding without the home directory, names of contexts, addresses and ids. */
function anonymous(text: string): string {
  const home = homeDirectory()
  return (home === undefined || home.length < 2 ? text : text.replaceAll(home, '~'))
    .replace(/\bcontext '[^']*'/g, 'context …')
    .replace(/\b(ims\.contexts\.)[^\s.]+/g, '$1…')
    .replace(/\/\/[^\s/@]*@/g, '//…@')
    .replace(/(?<![\w.+-])[\w.+-]+@[\w.-]+/g, '…')
}
