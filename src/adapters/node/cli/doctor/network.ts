import { discoveryPath } from '../../../../core/ims/endpoints/discovery.ts'
import { isLoopback } from '../../../../core/ims/environment.ts'
import { issuersOf } from '../../../../core/ims/issuers.ts'
import { isObject } from '../../../../core/json.ts'
import { networkCode } from '../network-code.ts'
import { formatDuration } from '../output.ts'
import { type Check, type Finding, problem } from './finding.ts'

const patience = 15_000
/** How far clocks may be apart, in ms: what token checks forgive. */
const tolerance = 60_000

/** Whether IMS is there, is IMS, and agrees on the time. */
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
  const what = `this clock is ${formatDuration(Math.abs(apart))} ${apart > 0 ? 'ahead of' : 'behind'} that of the server`
  return [problem('clock', what, 'set the clock, and let it be kept by NTP (timedatectl set-ntp true)')]
}

function answer({ status, headers }: Response, body: string, endpoint: string): Finding[] {
  const type = headers.get('content-type')?.split(';')[0] ?? 'no content type'
  const document = parsed(body)
  const issuer = isObject(document as never) ? (document as { issuer?: unknown }).issuer : undefined
  if (status !== 200 || typeof issuer !== 'string') {
    const what = `${endpoint} answers with status ${status} and ${type}, which is not what IMS answers`
    const fix = type === 'text/html' ? 'look for a proxy or sign-in page in between, and check' : 'check'
    return [problem('network', what, `${fix} ims.config.endpoint, AIO_IMS_CONFIG_ENDPOINT and AIO_CLI_ENV`)]
  }
  if (issuersOf(endpoint).includes(issuer) || endpoint.endsWith('.adobelogin.com')) return []
  const what = `${endpoint} calls itself ${issuer.slice(0, 200)}`
  return [problem('network', what, 'use the name that it calls itself as endpoint, or correct its configuration')]
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

const untrusted: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'shows a certificate that it signed itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'shows a certificate of an authority that Node does not know, as inspecting proxies do',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'shows a certificate of an authority that Node does not know, as inspecting proxies do',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'shows a certificate of an authority that Node does not know, as inspecting proxies do',
}

function unreachable(error: unknown, url: URL): Finding {
  const code = networkCode(error, patience)
  const { host } = url
  const distrust = untrusted[code]
  if (distrust !== undefined)
    return problem('tls', `${host} ${distrust} (${code})`, "name the authority's PEM file in NODE_EXTRA_CA_CERTS")
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return problem('tls', `the certificate of ${host} is not valid now (${code})`, 'check this clock, then the server')
  if (code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || code === 'EPROTO')
    return problem(
      'tls',
      `no secure connection to ${host} (${code})`,
      'check that the endpoint is the right host and speaks TLS',
    )
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return problem('network', `the name ${url.hostname} cannot be resolved (${code})`, 'check the name, DNS and VPN')
  if (code === 'ECONNREFUSED') {
    const fix = isLoopback(url.hostname)
      ? 'start the emulator there: imskit emulator --port <port>'
      : 'check the endpoint and firewalls'
    return problem('network', `nobody listens on ${host} (${code})`, fix)
  }
  return problem('network', `${host} cannot be reached (${code})`, 'check the connection, firewalls and proxies')
}
