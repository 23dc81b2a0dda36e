import { UnavailableError } from '../../../core/errors.ts'

/** The messages between pages of one origin about a login in a popup or frame. */
type Message =
  | { readonly type: 'callback'; readonly state: string; readonly url: string }
  | { readonly type: 'received'; readonly state: string }

const channelName = 'imskit/callback'

/**
 * Waits for the page that receives the callback with `state` to send its address, over a channel for pages of this
 * origin. A window's `closed` and `opener` are not reliable under Cross-Origin-Opener-Policy.
 *
 * @returns the callback URL, and `end`, which stops the wait: `arrived` then rejects with its reason
 */
export function awaitCallback(
  state: string,
  redirectUri: string,
): { readonly arrived: Promise<URL>; end(reason?: unknown): void } {
  const channel = new BroadcastChannel(channelName)
  let reject: (reason: unknown) => void = () => {}
  const arrived = new Promise<URL>((resolve, fail) => {
    reject = fail
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      const matches = isMessage(data) && data.type === 'callback' && data.state === state && URL.canParse(data.url)
      if (!matches) return
      const url = new URL(data.url)
      if (url.origin !== new URL(redirectUri).origin) return
      channel.postMessage({ type: 'received', state } satisfies Message)
      resolve(url)
    }
  })
  arrived.catch(() => {})
  return {
    arrived,
    end(reason) {
      channel.close()
      reject(reason)
    },
  }
}

/** Sends `url` to the page that waits for its state. Resolves to whether a page received it within `patience` ms. */
export function handOver(url: URL, patience = 1_000): Promise<boolean> {
  const state = url.searchParams.get('state') ?? ''
  const channel = new BroadcastChannel(channelName)
  return new Promise((resolve) => {
    const finish = (received: boolean) => {
      clearTimeout(timer)
      channel.close()
      resolve(received)
    }
    const timer = setTimeout(() => finish(false), patience)
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isMessage(data) && data.type === 'received' && data.state === state) finish(true)
    }
    channel.postMessage({ type: 'callback', state, url: url.href } satisfies Message)
  })
}

/** Resolves to the callback; rejects after `timeout` ms or an abort. */
export async function callbackWithin<T>(
  { arrived, end }: { readonly arrived: Promise<T>; end(reason?: unknown): void },
  { timeout, signal, late }: { timeout: number; signal?: AbortSignal | undefined; late: () => Error },
): Promise<T> {
  const stop = () => end(signal?.reason)
  const timer = setTimeout(() => end(late()), timeout)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    return await arrived
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
    end()
  }
}

/** The error for a popup without a callback. */
export function popupTimeout(timeout: number): UnavailableError {
  return new UnavailableError('TIMEOUT', `The user did not finish the login within ${timeout / 1000} s; start it again`)
}

function isMessage(data: unknown): data is Message {
  return (
    typeof data === 'object' && data !== null && 'type' in data && 'state' in data && typeof data.state === 'string'
  )
}
