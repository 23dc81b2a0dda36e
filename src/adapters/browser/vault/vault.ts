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

/** What a client takes, but for its platform: a vault keeps everything in its own memory. */
export type VaultOptions = Omit<ClientOptions<LoginFlow>, keyof Platform | 'owner'>

/** The end of a message channel that a page is at. */
interface Port {
  postMessage(message: FromVault, transfer?: Transferable[]): void
  onmessage: ((event: MessageEvent<ToVault>) => void) | null
  addEventListener?(type: 'close', listener: () => void): void
}

/**
 * Makes this worker the vault of the pages that open it (`openVault`): tokens are obtained, renewed and used here, in a
 * memory that no script of a page can read, and nothing is stored. Works in a `Worker` and, for many tabs with one
 * sign-in, in a `SharedWorker` (OAuth 2.0 for Browser-Based Applications, section 8).
 *
 * @throws {ConfigurationError} `BAD_OPTION`; `SECRET_IN_BROWSER` for a credential with a secret
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
  const attend = (port: Port) => {
    ports.add(port)
    // browsers that tell when a tab is gone; in others its port stays until the worker ends
    port.addEventListener?.('close', () => ports.delete(port))
    serve(client, port)
  }
  const scope = globalThis as unknown as Port & { onconnect?: ((event: MessageEvent) => void) | null }
  if ('onconnect' in scope) scope.onconnect = ({ ports: [port] }) => attend(port as unknown as Port)
  else attend(scope)
}

function serve(client: LoginClient, port: Port): void {
  const underWay = new Map<number, AbortController>()
  port.onmessage = async ({ data }) => {
    // anything of the page's origin can post here
    if (!isRequest(data)) return
    if ('hello' in data) return port.postMessage({ ready: true })
    if ('abort' in data) return underWay.get(data.abort)?.abort()
    const { id } = data
    const aborting = new AbortController()
    underWay.set(id, aborting)
    try {
      await answer(port, id, await perform(client, data, aborting.signal))
    } catch (error) {
      port.postMessage({ id, error: sendError(error) })
    } finally {
      underWay.delete(id)
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
      throw badOption('the vault does not know this call')
  }
}

/** Name by name, so that nothing that is added to a token set later crosses over by itself. */
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

/** A body crosses over as the stream that it is, or read to its end where the browser cannot hand over a stream. */
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
