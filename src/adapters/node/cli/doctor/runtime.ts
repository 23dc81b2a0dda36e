import { readFileSync } from 'node:fs'
import { type Check, type Finding, problem, warning } from './finding.ts'

/** Checks the version of Node.js, and the variables that affect its network access. */
export const checkRuntime: Check = ({ nodeVersion, env, endpoint }) => [
  ...version(nodeVersion),
  ...proxy(env, nodeVersion, new URL(endpoint)),
  ...authority(env),
]

function version(nodeVersion: string): Finding[] {
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return []
  return [problem('runtime', `Node.js ${nodeVersion} is too old`, 'install Node.js 20.19 or later')]
}

function proxy(env: NodeJS.ProcessEnv, nodeVersion: string, endpoint: URL): Finding[] {
  const wanted = endpoint.protocol === 'https:' ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy']
  const name = wanted.find((candidate) => env[candidate])
  if (name === undefined || (env.NODE_USE_ENV_PROXY === '1' && Number.parseInt(nodeVersion.replace('v', ''), 10) >= 24))
    return []
  const what = `${name} is set, but Node.js's fetch does not use it`
  if (!URL.canParse(env[name] ?? '')) return [problem('tls', `${name} is not a URL`, `set ${name} to http://host:port`)]
  return [
    warning(
      'tls',
      what,
      'run Node.js 24 or later with NODE_USE_ENV_PROXY=1, or pass a fetch function that uses it to the client',
    ),
  ]
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
