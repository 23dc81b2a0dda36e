import { lazy } from '../core/lazy.ts'
import { badOption, checkOptions } from '../core/options.ts'
import type { EmulatorOptions } from './create-provider.ts'
import { type EmulatorCall, readCall } from './http/call.ts'
import { corsHeaders } from './http/cors.ts'
import { createFaults, damage, type FaultOptions, faultResponse } from './http/faults.ts'
import { createJournal, type RecordedRequest } from './http/journal.ts'
import { createOverview } from './overview.ts'
import type { Provider } from './provider.ts'
import type { EmulatorContexts } from './ready-made.ts'

/** A local IMS. */
export interface Emulator {
  /** Base URL, without a trailing slash. */
  readonly url: string
  /**
   * Answers a request in process; takes what the global `fetch` takes and can be given wherever one is asked for.
   * Redirects are returned, not followed. Rejects with the signal's reason, or a `TypeError` where a fault drops the
   * connection.
   */
  fetch(input: Request | string | URL, init?: RequestInit): Promise<Response>
  /** Ready-made context data, one per kind, pointing at this emulator. */
  readonly contexts: EmulatorContexts
  /** What arrived, oldest first (the last 10 000); grows as requests come in. Secrets read `[redacted]`. */
  readonly requests: readonly RecordedRequest[]
  /** Injects a failure; the function returned takes it back. Throws `BAD_OPTION`. */
  fault(options: FaultOptions): () => void
  /** Stops the emulator's clock at `time` (ms since the epoch); `undefined` lets it run again. */
  setTime(time: number | undefined): void
  /** Signs with a new key from now on; the earlier ones stay published. */
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

const connectionDropped = () => new TypeError('The emulator dropped the connection, as a fault told it to.')

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
    throw badOption('The fetch of the emulator takes what the global fetch takes: an absolute URL or a Request.')
  }
}

/**
 * Makes an IMS that runs in this process, in any runtime with the fetch API and WebCrypto. It resolves once its RSA
 * keys are generated. It is for development and tests and no security boundary. Rejects with `BAD_OPTION`.
 */
export async function createEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  checkOptions('createEmulator', options)
  const { createProvider } = await loadProvider()
  const { provider, contexts } = await createProvider(options)
  const faults = createFaults()
  const journal = createJournal()
  const overview = createOverview({ endpoint: provider.endpoint, contexts, journal, faults })

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
      // the page about the emulator is not part of what it emulates
      if (url.pathname === '/' && /^(?:GET|POST)$/.test(method)) return overview(call)
      const noteStatus = journal.record({ method, path: url.pathname, at: provider.clock.now() }, call.params)
      const fault = faults.take(method, url.pathname)
      if (fault?.delay !== undefined) await sleep(fault.delay, request.signal)
      if (fault?.drop === 'before') throw connectionDropped()
      const response = await answer(call, provider, fault)
      noteStatus(response.status, call.notes)
      if (fault?.drop === 'after') throw connectionDropped()
      request.signal.throwIfAborted()
      return response
    },
  }
}
