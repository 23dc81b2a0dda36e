import { readFileSync } from 'node:fs'
import { type Check, type Finding, problem, warning } from './finding.ts'

/** Node's version, and the variables that decide how it reaches the network. */
export const checkRuntime: Check = ({ nodeVersion, env, endpoint }) => [
  ...version(nodeVersion),
  ...proxy(env, nodeVersion, new URL(endpoint)),
  ...authority(env),
]

function version(nodeVersion: string): Finding[] {
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return []
  return [problem('runtime', `Node ${nodeVersion} is too old`, 'install Node 20.19 or later')]
}

function proxy(env: NodeJS.ProcessEnv, nodeVersion: string, endpoint: URL): Finding[] {
  const wanted = endpoint.protocol === 'https:' ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy']
  const name = wanted.find((candidate) => env[candidate])
  if (name === undefined || (env.NODE_USE_ENV_PROXY === '1' && Number.parseInt(nodeVersion.replace('v', ''), 10) >= 24))
    return []
  const what = `${name} is set, and Node's own fetch does not follow it`
  if (!URL.canParse(env[name] ?? '')) return [problem('tls', `${name} is not a URL`, `set ${name} to http://host:port`)]
  return [warning('tls', what, 'run Node 24 or later with NODE_USE_ENV_PROXY=1, or lend the client a fetch that does')]
}

function authority({ NODE_EXTRA_CA_CERTS: path, NODE_TLS_REJECT_UNAUTHORIZED: reject }: NodeJS.ProcessEnv): Finding[] {
  const findings: Finding[] = []
  if (reject === '0')
    findings.push(
      problem(
        'tls',
        'NODE_TLS_REJECT_UNAUTHORIZED=0: anyone on the way can read the tokens',
        'unset it, and name your authority in NODE_EXTRA_CA_CERTS',
      ),
    )
  if (path && !holdsCertificate(path))
    findings.push(
      problem(
        'tls',
        `NODE_EXTRA_CA_CERTS names ${path}, which holds no certificate that can be read`,
        'let it name a readable PEM file',
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
