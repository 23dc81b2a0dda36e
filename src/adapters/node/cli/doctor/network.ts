import { discoveryPath } from '../../../../core/ims/endpoints/discovery.ts'
import { isLoopback } from '../../../../core/ims/environment.ts'
import { issuersOf } from '../../../../core/ims/issuers.ts'
import { parseObject } from '../../../../core/json.ts'
import { networkCode } from '../network-code.ts'
import { formatDuration } from '../output.ts'
import { type Check, type Finding, problem } from './finding.ts'

const patience = 15_000
/** The tolerance of token checks for differences between clocks, in ms. */
const tolerance = 60_000

/** Checks that IMS can be reached, that its answer is IMS's, and that its clock agrees with this one. */
export const checkNetwork: Check = async ({ endpoint }) => {
  const url = new URL(endpoint + discoveryPath)
  let response: Response
  let body: string
  const asked = Date.now()
  try {
    response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(patience) })
    body = await response.text()
  } catch (error) {
    return [unreachable(error, url)]
  }
  return [...clock(response, (asked + Date.now()) / 2), ...answer(response, body, endpoint)]
}

function clock(response: Response, now: number): Finding[] {
  const theirs = Date.parse(response.headers.get('date') ?? '')
  const apart = now - theirs
  if (!(Math.abs(apart) > tolerance)) return []
  const what = `the clock of this machine is ${formatDuration(Math.abs(apart))} ${apart > 0 ? 'ahead of' : 'behind'} the server's`
  return [problem('clock', what, 'set the clock, and synchronize it by NTP (timedatectl set-ntp true)')]
}

function answer({ status, headers }: Response, body: string, endpoint: string): Finding[] {
  const type = headers.get('content-type')?.split(';')[0] ?? 'no content type'
  const issuer = parseObject(body)?.issuer
  if (status !== 200 || typeof issuer !== 'string') {
    const what = `${endpoint} answers with status ${status} and ${type}, which IMS does not do`
    const fix = type === 'text/html' ? 'look for a proxy or a sign-in page of the network, and check' : 'check'
    return [problem('network', what, `${fix} ims.config.endpoint, AIO_IMS_CONFIG_ENDPOINT and AIO_CLI_ENV`)]
  }
  if (issuersOf(endpoint).includes(issuer) || endpoint.endsWith('.adobelogin.com')) return []
  const what = `${endpoint} names ${issuer.slice(0, 200)} as its issuer`
  return [problem('network', what, 'use that issuer as endpoint, or correct the configuration of the server')]
}

const untrusted: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'uses a self-signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'uses a certificate of an unknown authority, as inspecting proxies do',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'uses a certificate of an unknown authority, as inspecting proxies do',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'uses a certificate of an unknown authority, as inspecting proxies do',
}

function unreachable(error: unknown, url: URL): Finding {
  const code = networkCode(error, patience)
  const { host } = url
  const distrust = untrusted[code]
  if (distrust !== undefined)
    return problem('tls', `${host} ${distrust} (${code})`, "set NODE_EXTRA_CA_CERTS to the authority's PEM file")
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return problem(
      'tls',
      `the certificate of ${host} is not valid at this time (${code})`,
      'check the clock of this machine, then the server',
    )
  if (code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || code === 'EPROTO')
    return problem(
      'tls',
      `the TLS connection to ${host} failed (${code})`,
      'check that the endpoint is the right host and supports TLS',
    )
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return problem('network', `the name ${url.hostname} cannot be resolved (${code})`, 'check the name, DNS and VPN')
  if (code === 'ECONNREFUSED') {
    const fix = isLoopback(url.hostname)
      ? 'start the emulator there: imskit emulator --port <port>'
      : 'check the endpoint and firewalls'
    return problem('network', `${host} refuses connections (${code})`, fix)
  }
  return problem('network', `${host} cannot be reached (${code})`, 'check the connection, firewalls and proxies')
}
