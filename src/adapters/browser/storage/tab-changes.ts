import { requireText } from '../../../core/flows/credentials.ts'
import type { Change, Changes } from '../../../core/ports.ts'

/** Tells the tabs of this origin about tokens, logins and logouts. Only the keys travel, never a token. */
export function tabChanges(name = 'imskit/changes'): Changes {
  requireText('tabChanges', { name })
  let channel: BroadcastChannel | undefined
  const listeners = new Set<(change: Change) => void>()
  const hear = (change: Change) => {
    for (const listener of listeners) listener(change)
  }
  // a page that comes back as it was left, by the back button, heard nothing meanwhile
  const backAgain = ({ persisted }: PageTransitionEvent) => {
    if (persisted) hear({ kind: 'token' })
  }
  const open = () => {
    // a server that renders the page has channels too, and would be kept running by one
    if (channel !== undefined || globalThis.location === undefined) return channel
    channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isChange(data)) hear(data)
    }
    globalThis.addEventListener('pageshow', backAgain)
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
        globalThis.removeEventListener('pageshow', backAgain)
        channel?.close()
        channel = undefined
      }
    },
  }
}

function isChange(data: unknown): data is Change {
  return typeof data === 'object' && data !== null && 'kind' in data && 'key' in data && typeof data.key === 'string'
}
