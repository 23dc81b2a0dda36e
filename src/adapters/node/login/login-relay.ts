import { ConfigurationError } from '../../../core/errors.ts'
import { withoutTrailing } from '../../../core/text.ts'
import { loginSettings, type TerminalLoginOptions } from './login-options.ts'
import { type LoopbackAnswer, type LoopbackRequest, listenOnLoopback } from './loopback-server.ts'
import { type OneTimeLink, oneTimeLink } from './one-time-link.ts'
import { isSecureUrl } from './open-browser.ts'
import { type PendingCallback, pendingCallback } from './pending-callback.ts'
import { type RelayResult, readRelayAnswer } from './relay-result.ts'
import { isSameSecret } from './same-secret.ts'

/** Options of a login through the hosted relay. */
export interface RelayLoginOptions extends Omit<TerminalLoginOptions, 'env'> {
  /** The IMS environment; each has its own relay. */
  readonly env: 'prod' | 'stage'
  /** Default: the relay's choice. */
  readonly clientId?: string | undefined
  /** Default: the relay's choice. */
  readonly scope?: string | undefined
  /** Signs the user out of IMS first, so that they must sign in again. Default: `false`. */
  readonly forceLogin?: boolean | undefined
  /** Another relay: https, or http on loopback. */
  readonly baseUrl?: string | undefined
  /** Another IMS for `forceLogin`: https, or http on loopback. */
  readonly endpoint?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Default: `process.env`. */
  readonly processEnv?: NodeJS.ProcessEnv | undefined
}

const relays = {
  prod: {
    base: 'https://aio-login.adobeioruntime.net/api/v1/web/default/applogin',
    ims: 'https://ims-na1.adobelogin.com',
    clientId: 'aio-cli-console-auth',
  },
  stage: {
    base: 'https://aio-login-stage.adobeioruntime.net/api/v1/web/default/applogin',
    ims: 'https://ims-na1-stg1.adobelogin.com',
    clientId: 'aio-cli-console-auth-stage',
  },
}
const longestBody = 256 * 1024
const failureMessage = 'An error occurred in the cli.'

/**
 * Signs the user in through the relay that Adobe hosts for its CLI: the relay has the client's secret and redirects the
 * browser with the result to a listener on this machine, on `http://localhost:<port>`. The login accepts only a
 * callback with its random 128-bit id, and continues after any other.
 *
 * Rejects with `LOGIN_NOT_POSSIBLE` in CI, `BAD_OPTION` on a bad option or a port in use, `CANNOT_RESOLVE_ENVIRONMENT`
 * on an unknown `env`, `TIMEOUT` (default 120 s), or with the reason of `signal`.
 */
export async function relayLogin(options: RelayLoginOptions): Promise<RelayResult> {
  const { env: _imsEnv, processEnv, signal, ...rest } = options
  const settings = loginSettings({ ...rest, env: processEnv })
  const relay = readRelay(options)
  signal?.throwIfAborted()
  const { randomBytes } = await import('node:crypto')
  const id = randomBytes(16).toString('hex')
  const callback = pendingCallback<RelayResult>(settings.timeout, signal)
  try {
    let link: OneTimeLink | undefined
    const server = await listenOnLoopback({
      port: settings.port,
      host: 'localhost',
      bind: settings.bind,
      answer: (request) => link?.answer(request) ?? answerRelay(request, { id, base: relay.base, callback }),
    })
    try {
      const url = loginUrl(relay, { ...options, id, port: server.port })
      link = oneTimeLink(server.origin, url)
      settings.show(url, link.address)
      return await callback.arrived
    } finally {
      server.close()
    }
  } finally {
    callback.cancel()
  }
}

interface Relay {
  readonly base: URL
  readonly ims: URL
  readonly clientId: string
}

function readRelay({ env, baseUrl, endpoint }: RelayLoginOptions): Relay {
  const relay = Object.hasOwn(relays, env) ? relays[env] : undefined
  if (!relay) {
    throw new ConfigurationError(
      'CANNOT_RESOLVE_ENVIRONMENT',
      "There is no relay for this environment. Use 'prod' or 'stage'.",
    )
  }
  return {
    base: readUrl('baseUrl', baseUrl ?? relay.base),
    ims: readUrl('endpoint', endpoint ?? relay.ims),
    clientId: relay.clientId,
  }
}

function readUrl(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(withoutTrailing(text, '/')) : undefined
  if (url && isSecureUrl(url)) return url
  throw new ConfigurationError('BAD_OPTION', `The option '${option}' must be an https URL, or http on 127.0.0.1.`)
}

function loginUrl(relay: Relay, query: RelayLoginOptions & { id: string; port: number }): URL {
  const url = new URL(relay.base)
  url.searchParams.set('id', query.id)
  url.searchParams.set('port', String(query.port))
  if (query.clientId) url.searchParams.set('client_id', query.clientId)
  if (query.scope) url.searchParams.set('scope', query.scope)
  url.searchParams.set('redirect_uri', `${relay.base.href}/login-success`)
  if (!query.forceLogin) return url
  const logout = new URL('/ims/logout/v1', relay.ims)
  logout.searchParams.set('client_id', relay.clientId)
  logout.searchParams.set('redirect_uri', url.href)
  return logout
}

/** The login that callbacks are compared with. */
interface PendingRelayLogin {
  readonly id: string
  readonly base: URL
  readonly callback: PendingCallback<RelayResult>
}

async function answerRelay(request: LoopbackRequest, expected: PendingRelayLogin): Promise<LoopbackAnswer> {
  if (request.url.pathname !== '/') return { status: 404 }
  const headers = corsHeaders(request, expected.base.origin)
  switch (request.method) {
    case 'OPTIONS':
      return { status: 200, headers, body: '' }
    case 'GET': {
      const result = await takeResult(request.url.searchParams, expected)
      const location = result ? signedIn(expected.base) : failed(expected.base)
      return { status: 302, headers: { ...headers, Location: location }, body: '', ...arriving(result, expected) }
    }
    case 'POST': {
      const body = await request.readBody(longestBody)
      const isForeign = ![undefined, 'null', expected.base.origin].includes(request.header('origin'))
      const result = isForeign ? undefined : await takeResult(new URLSearchParams(body), expected)
      const status = result ? 200 : body === undefined ? 413 : 400
      return { status, headers, body: relayJson(result, expected.base), ...arriving(result, expected) }
    }
    default:
      return {
        status: 405,
        headers: { ...headers, Allow: 'OPTIONS, GET, POST' },
        body: 'Supported HTTP methods are OPTIONS, GET, POST',
      }
  }
}

async function takeResult(fields: URLSearchParams, { id }: PendingRelayLogin): Promise<RelayResult | undefined> {
  const answer = readRelayAnswer(fields)
  return answer && (await isSameSecret(answer.id, id)) ? answer.result : undefined
}

// the login closes this connection when the result has arrived, so the answer is sent first
function arriving(result: RelayResult | undefined, { callback }: PendingRelayLogin): Pick<LoopbackAnswer, 'sent'> {
  return result ? { sent: () => callback.arrive(result) } : {}
}

function relayJson(result: RelayResult | undefined, base: URL): string {
  return JSON.stringify(
    result
      ? { protocol_version: 2, redirect: signedIn(base), error: false }
      : { protocol_version: 2, redirect: failed(base), error: true, message: failureMessage },
  )
}

const signedIn = (base: URL) => `${base.href}/signed-in`
const failed = (base: URL) => `${base.href}/error?message=${encodeURIComponent(failureMessage)}`

function corsHeaders(request: LoopbackRequest, origin: string): Record<string, string> {
  const asksForPrivateNetwork = request.header('access-control-request-private-network') === 'true'
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Methods': 'OPTIONS, POST',
    'Access-Control-Allow-Headers': '*',
    Vary: 'Origin',
    ...(asksForPrivateNetwork && { 'Access-Control-Allow-Private-Network': 'true' }),
  }
}
