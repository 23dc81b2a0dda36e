import { type ClientOptions, createClient, type LoginClient, type TokenSet } from '../../../core/client.ts'
import type { LoginFlow } from '../../../core/flows/login-flow.ts'
import { memoryPlatform } from '../../../core/memory.ts'
import { badOption, checkOptions } from '../../../core/options.ts'
import type { Platform } from '../../../core/ports.ts'
import {
  type FromVault,
  type SentRequest,
  type SentResponse,
  sendError,
  type ToVault,
  type VaultCall,
  type VaultSession,
} from './vault-messages.ts'

/** The options of `createClient` without the platform: a vault stores everything in its own memory. */
export type VaultOptions = Omit<ClientOptions<LoginFlow>, keyof Platform | 'owner'>

/** The channel to a page. */
interface Port {
  postMessage(message: FromVault, transfer?: Transferable[]): void
  onmessage: ((event: MessageEvent<ToVault>) => void) | null
  addEventListener?(type: 'close', listener: () => void): void
}

/**
 * Makes this worker the vault of the pages that open it (`openVault`): it obtains, renews and uses the tokens in its own
 * memory, which no script of a page can read, and stores nothing. Works in a `Worker` and, for several tabs with one
 * login, in a `SharedWorker` (OAuth 2.0 for Browser-Based Applications, section 8).
 *
 * @throws {ConfigurationError} `BAD_OPTION`; `SECRET_IN_BROWSER` for a credential with a secret
 * @example
 * serveVault({ flow: authorizationCode({ clientId: 'my-app', scopes: ['openid'] }) })
 */
export function serveVault(given: VaultOptions): void {
  checkOptions('serveVault', given)
  const { onEvent, ...options } = given
  const ports = new Set<Port>()
  const client = createClient({
    ...options,
    ...memoryPlatform(),
    allowsSecrets: false,
    onEvent(event) {
      onEvent?.(event)
      for (const port of ports) port.postMessage({ event })
    },
  })
  const addPort = (port: Port) => {
    ports.add(port)
    // not every browser fires this event; without it, the port remains until the worker stops
    port.addEventListener?.('close', () => ports.delete(port))
    serve(client, port)
  }
  const scope: unknown = globalThis
  if (isSharedWorker(scope)) {
    scope.onconnect = ({ ports: [port] }) => {
      if (isPort(port)) addPort(port)
    }
  } else if (isPort(scope)) addPort(scope)
}

function isSharedWorker(scope: unknown): scope is { onconnect: ((event: MessageEvent) => void) | null } {
  return typeof scope === 'object' && scope !== null && 'onconnect' in scope
}

function isPort(value: unknown): value is Port {
  return typeof value === 'object' && value !== null && 'postMessage' in value
}

function serve(client: LoginClient, port: Port): void {
  const running = new Map<number, AbortController>()
  port.onmessage = async ({ data }) => {
    // any script of the page's origin can post messages
    if (!isRequest(data)) return
    if ('hello' in data) return port.postMessage({ ready: true })
    if ('abort' in data) return running.get(data.abort)?.abort()
    const { id } = data
    const aborting = new AbortController()
    running.set(id, aborting)
    try {
      await answer(port, id, await perform(client, data, aborting.signal))
    } catch (error) {
      port.postMessage({ id, error: sendError(error) })
    } finally {
      running.delete(id)
    }
  }
  port.postMessage({ ready: true })
}

function isRequest(data: unknown): data is ToVault {
  return typeof data === 'object' && data !== null && ('hello' in data || 'abort' in data || 'id' in data)
}

async function perform(client: LoginClient, request: VaultCall, signal: AbortSignal): Promise<unknown> {
  switch (request.call) {
    case 'start':
      return (await client.startLogin({ ...request.asked, signal })).href
    case 'finish':
      return withoutToken(await client.finishLogin(request.asked, { signal }))
    case 'session':
      return withoutToken(await client.getTokens({ ...request.asked, signal }))
    case 'fetch':
      return fetchWithToken(client, request.asked, signal)
    case 'logout': {
      const redirectUri = request.asked
      return (await client.logout({ signal, ...(redirectUri !== undefined && { postLogoutRedirectUri: redirectUri }) }))
        .href
    }
    default:
      throw badOption('The vault does not support this call')
  }
}

/** Lists the members, so that a member that is added to `TokenSet` later does not reach the page by accident. */
function withoutToken({ expiresAt, scopes, missingScopes, claims }: TokenSet): VaultSession {
  return { expiresAt, scopes, missingScopes, claims }
}

async function fetchWithToken(
  client: LoginClient,
  { url, init }: SentRequest,
  signal: AbortSignal,
): Promise<SentResponse> {
  const response = await client.fetch(url, { ...init, signal })
  const { url: address, redirected, type, status, statusText, headers, body } = response
  const facts = { url: address, redirected, type }
  return { facts, init: { status, statusText, headers: [...headers] }, body }
}

/** Transfers the body as a stream, or as bytes if the browser cannot transfer streams. */
async function answer(port: Port, id: number, value: unknown): Promise<void> {
  const body = typeof value === 'object' && value !== null && 'body' in value ? value.body : undefined
  if (!(body instanceof ReadableStream)) return port.postMessage({ id, answer: value })
  try {
    port.postMessage({ id, answer: value }, [body])
  } catch {
    const read = await new Response(body).arrayBuffer()
    port.postMessage({ id, answer: { ...(value as SentResponse), body: read } }, [read])
  }
}
