import { requireText } from '../../../core/flows/credentials.ts'
import type { Change, Changes } from '../../../core/ports.ts'

/**
 * Notifies the tabs of this origin of renewals, logins and logouts. The messages contain keys, never a token.
 *
 * @example
 * createClient({ flow, store, lock, changes: tabChanges() })
 */
export function tabChanges(name = 'imskit/changes'): Changes {
  requireText('tabChanges', { name })
  let channel: BroadcastChannel | undefined
  const listeners = new Set<(change: Change) => void>()
  const publish = (change: Change) => {
    for (const listener of listeners) listener(change)
  }
  // a page that the back button restores has received no messages meanwhile
  const restored = ({ persisted }: PageTransitionEvent) => {
    if (persisted) publish({ kind: 'token' })
  }
  const open = () => {
    // an open channel would keep a server that renders the page from exiting
    if (channel !== undefined || globalThis.location === undefined) return channel
    channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isChange(data)) publish(data)
    }
    globalThis.addEventListener('pageshow', restored)
    return channel
  }
  return {
    notify: (change) => open()?.postMessage(change),
    subscribe(listener) {
      listeners.add(listener)
      open()
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        globalThis.removeEventListener('pageshow', restored)
        channel?.close()
        channel = undefined
      }
    },
  }
}

function isChange(data: unknown): data is Change {
  return typeof data === 'object' && data !== null && 'kind' in data && 'key' in data && typeof data.key === 'string'
}
