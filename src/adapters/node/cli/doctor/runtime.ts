import { readFileSync } from 'node:fs'
import { proxyUse } from '../proxy.ts'
import { type Check, type CheckInput, type Finding, problem, warning } from './finding.ts'

/** Checks the version of Node.js, and the variables that affect its network access. */
export const checkRuntime: Check = (input) => [...version(input.nodeVersion), ...proxy(input), ...authority(input.env)]

function version(nodeVersion: string): Finding[] {
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return []
  return [problem('runtime', `Node.js ${nodeVersion} is too old`, 'install Node.js 20.19 or later')]
}

function proxy({ env, nodeVersion, endpoint, findUndici }: CheckInput): Finding[] {
  const use = proxyUse(new URL(endpoint), { env, nodeVersion, ...(findUndici && { find: findUndici }) })
  if (use?.problem === undefined) return []
  const level = use.problem.includes('is set, but') ? warning : problem
  return [level('tls', use.problem, use.fix ?? 'correct it')]
}

function authority({ NODE_EXTRA_CA_CERTS: path, NODE_TLS_REJECT_UNAUTHORIZED: reject }: NodeJS.ProcessEnv): Finding[] {
  const findings: Finding[] = []
  if (reject === '0')
    findings.push(
      problem(
        'tls',
        'NODE_TLS_REJECT_UNAUTHORIZED=0 allows others on the network to read the tokens',
        'unset it, and set NODE_EXTRA_CA_CERTS to the PEM file of your authority',
      ),
    )
  if (path && !holdsCertificate(path))
    findings.push(
      problem(
        'tls',
        `NODE_EXTRA_CA_CERTS names ${path}, which does not contain a readable certificate`,
        'set it to a readable PEM file',
      ),
    )
  return findings
}

function holdsCertificate(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').includes('-----BEGIN CERTIFICATE-----')
  } catch {
    return false
  }
}
