import type { ImsErrorCode } from './errors.ts'

/** What happened, without any secret. Times are ms since the epoch, durations ms. */
export type ImsEvent =
  | { type: 'request'; method: string; path: string; attempt: number; status: number | undefined; duration: number }
  | { type: 'retry'; path: string; attempt: number; delay: number; reason: string }
  | { type: 'token'; source: TokenSource; expiresAt: number; scopes: readonly string[] | undefined }
  | { type: 'login'; clientId: string }
  | { type: 'logout'; clientId: string }
  | { type: 'lock-wait'; duration: number }
  | { type: 'clock-skew'; skew: number }
  | { type: 'refresh-refused'; clientId: string; error: string | undefined }
  /**
   * The browser denies the database, or an action has no State library, so tokens stay in memory; or (`unreadable entry`)
   * a stored entry can never be read.
   */
  | { type: 'store-degraded'; reason: string }
  /**
   * An address with `code` or `error` was left as it is: its state is unknown or missing, or (`path`) it is not the
   * redirect URI. `imsError` and `imsErrorDescription` are what it says, which anyone can have written.
   */
  | { type: 'callback-ignored'; reason: 'state' | 'path'; imsError?: string; imsErrorDescription?: string }
  | { type: 'error'; code: ImsErrorCode | undefined; message: string; during: string }

/** Where a token came from: the flow, a refresh token, another process or tab. */
export type TokenSource = 'issued' | 'refreshed' | 'adopted'

export type ImsEventType = ImsEvent['type']
export type ImsEventOf<Type extends ImsEventType> = Extract<ImsEvent, { type: Type }>
export type Emit = (event: ImsEvent) => void

/** Hands events to whoever asked for their type. A listener that throws harms nobody. */
export interface Emitter {
  emit: Emit
  /** @returns a function that ends the subscription */
  on<Type extends ImsEventType>(type: Type, listener: (event: ImsEventOf<Type>) => void): () => void
  clear(): void
}

export function createEmitter(...observers: readonly (Emit | undefined)[]): Emitter {
  const listeners = new Set<readonly [ImsEventType, Emit]>()
  const tell = (listener: Emit, event: ImsEvent) => {
    try {
      listener(event)
    } catch {
      // an observer must not change what it observes
    }
  }
  return {
    emit(event) {
      for (const observer of observers) if (observer !== undefined) tell(observer, event)
      for (const [type, listener] of listeners) if (type === event.type) tell(listener, event)
    },
    on(type, listener) {
      const entry = [type, listener as Emit] as const
      listeners.add(entry)
      return () => listeners.delete(entry)
    },
    clear: () => listeners.clear(),
  }
}
