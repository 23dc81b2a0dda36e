import { UnavailableError } from '../../../core/errors.ts'

/** What pages of one origin tell each other about a login in a popup or frame. */
type Message =
  | { readonly type: 'callback'; readonly state: string; readonly url: string }
  | { readonly type: 'received'; readonly state: string }

const channelName = 'imskit/callback'

/**
 * Waits for the page that `state` comes back on to hand over its address. It comes by a channel that only pages of
 * this origin hear, as a window's `closed` and `opener` say nothing under Cross-Origin-Opener-Policy.
 *
 * @returns the callback URL, and `end` to stop waiting, which rejects with its reason
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
      const ours = isMessage(data) && data.type === 'callback' && data.state === state && URL.canParse(data.url)
      if (!ours) return
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

/** Hands `url` to whoever waits for its state. Resolves to whether anyone took it within `patience` ms. */
export function handOver(url: URL, patience = 1_000): Promise<boolean> {
  const state = url.searchParams.get('state') ?? ''
  const channel = new BroadcastChannel(channelName)
  return new Promise((resolve) => {
    const finish = (taken: boolean) => {
      clearTimeout(timer)
      channel.close()
      resolve(taken)
    }
    const timer = setTimeout(() => finish(false), patience)
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isMessage(data) && data.type === 'received' && data.state === state) finish(true)
    }
    channel.postMessage({ type: 'callback', state, url: url.href } satisfies Message)
  })
}

/** `arrived`, or what ends the wait: the caller's signal or `timeout` ms. */
export async function within<T>(
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

/** The error for a window that nobody came back from. */
export function notBack(timeout: number): UnavailableError {
  return new UnavailableError(
    'TIMEOUT',
    `nobody came back from the sign-in window within ${timeout / 1000} s; start the login again`,
  )
}

function isMessage(data: unknown): data is Message {
  return (
    typeof data === 'object' && data !== null && 'type' in data && 'state' in data && typeof data.state === 'string'
  )
}
