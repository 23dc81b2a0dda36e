import { lazy } from '../core/lazy.ts'
import { badOption, checkOptions } from '../core/options.ts'
import type { EmulatorOptions } from './create-provider.ts'
import { type EmulatorCall, readCall } from './http/call.ts'
import { clientIdOf } from './http/calling-client.ts'
import { corsHeaders } from './http/cors.ts'
import { createFaults, damage, describeFault, type FaultOptions, faultResponse } from './http/faults.ts'
import { createJournal, type RecordedRequest } from './http/journal.ts'
import type { Provider } from './provider.ts'
import type { EmulatorContexts } from './ready-made.ts'

/** A local IMS. */
export interface Emulator {
  /** Base URL, without a trailing slash. */
  readonly url: string
  /**
   * Answers a request in this process. It has the signature of the global `fetch` and can replace it. Redirects are
   * returned, not followed. Rejects with the signal's reason, or with a `TypeError` if a fault drops the connection.
   */
  fetch(input: Request | string | URL, init?: RequestInit): Promise<Response>
  /** Ready-made context data for this emulator, one context per kind of credential. */
  readonly contexts: EmulatorContexts
  /** The last 10 000 requests, oldest first. Secrets are replaced by `[redacted]`. */
  readonly requests: readonly RecordedRequest[]
  /** Injects a failure; the returned function removes it. Throws `BAD_OPTION`. */
  fault(options: FaultOptions): () => void
  /** Stops the emulator's clock at `time` (ms since the epoch); `undefined` lets it run again. */
  setTime(time: number | undefined): void
  /** Signs with a new key from now on; the earlier keys stay published. */
  rotateKeys(): Promise<void>
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}

const loadProvider = lazy(() => import('./create-provider.ts'))
const loadRouter = lazy(() => import('./router.ts'))

const connectionDropped = () => new TypeError('The emulator dropped the connection because of a fault.')

function finishHeaders(response: Response, call: EmulatorCall, provider: Provider): Response {
  const added = {
    ...corsHeaders(call, provider),
    date: new Date(provider.clock.now()).toUTCString(),
    'x-debug-id': crypto.randomUUID(),
  }
  for (const [name, value] of Object.entries(added)) response.headers.set(name, value)
  return response
}

async function answer(call: EmulatorCall, provider: Provider, fault: FaultOptions | undefined): Promise<Response> {
  const { route } = await loadRouter()
  const response = finishHeaders((fault && faultResponse(fault)) ?? (await route(call, provider)), call, provider)
  for (const [name, value] of Object.entries(fault?.headers ?? {})) response.headers.set(name, value)
  return fault ? damage(response, fault) : response
}

/** @throws {ConfigurationError} `BAD_OPTION` */
function requestOf(input: Request | string | URL, init: RequestInit | undefined): Request {
  try {
    return new Request(input, init)
  } catch {
    throw badOption('The fetch of the emulator takes an absolute URL or a Request, as the global fetch does')
  }
}

/**
 * Creates an IMS that runs in this process, in any runtime with the fetch API and WebCrypto. Resolves when its RSA keys
 * are generated. It is for development and tests, and not a security boundary. Rejects with `BAD_OPTION`.
 *
 * @example
 * const emulator = await createEmulator()
 * const ims = createClient({ flow, endpoint: emulator.url, fetch: emulator.fetch })
 */
export async function createEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  checkOptions('createEmulator', options)
  const { createProvider } = await loadProvider()
  const { provider, contexts } = await createProvider(options)
  const faults = createFaults()
  const journal = createJournal()
  let overview: Promise<ReturnType<typeof import('./overview/overview.ts').createOverview>> | undefined
  // one for all requests, because its buttons work with the token of the page only
  const loadOverview = () =>
    import('./overview/overview.ts').then(({ createOverview }) =>
      createOverview({ provider, contexts, journal, faults }),
    )

  return {
    url: provider.endpoint,
    contexts,
    requests: journal.requests,
    fault: faults.add,
    setTime: provider.clock.set,
    rotateKeys: provider.keys.rotate,
    async fetch(input, init) {
      const request = requestOf(input, init)
      request.signal.throwIfAborted()
      const call = await readCall(request)
      const { method, url } = call
      // the overview page is not part of IMS, so faults and the journal do not apply to it
      if (url.pathname === '/' && /^(?:GET|POST)$/.test(method)) {
        overview ??= loadOverview()
        return (await overview)(call)
      }
      const recorded = journal.record({ method, path: url.pathname, at: provider.clock.now() }, call.params)
      const noteAnswer = (status: number) => {
        const entry = recorded({ status, notes: call.notes, clientId: clientIdOf(call, provider) })
        options.onRequest?.(entry)
      }
      const fault = faults.take(method, url.pathname)
      if (fault !== undefined) call.notes.push(`fault: ${describeFault(fault)}`)
      if (fault?.delay !== undefined) await sleep(fault.delay, request.signal)
      if (fault?.drop === 'before') {
        noteAnswer(0)
        throw connectionDropped()
      }
      const response = await answer(call, provider, fault)
      noteAnswer(response.status)
      if (fault?.drop === 'after') throw connectionDropped()
      request.signal.throwIfAborted()
      return response
    },
  }
}
