import type { ImsErrorCode } from './errors.ts'

/** What happened, without any secret. Times are ms since the epoch, durations ms. */
export type ImsEvent = Happening & {
  /** The same for all events of one renewal, login, logout or invalidation; otherwise the id of this event. */
  readonly operation: string
  /** `x-debug-id` of the last response of IMS in this operation: what Adobe's support asks for. */
  readonly requestId?: string | undefined
}

type Happening =
  /** The last event of an operation. `code`: of the error that it ended with; `OTHER` for an abort, or an error that is not imskit's. */
  | { type: 'operation'; name: OperationName; duration: number; code: ImsErrorCode | 'OTHER' | undefined }
  | { type: 'request'; method: string; path: string; attempt: number; status: number | undefined; duration: number }
  | { type: 'retry'; path: string; attempt: number; delay: number; reason: string }
  | { type: 'token'; source: TokenSource; expiresAt: number; scopes: readonly string[] | undefined }
  | { type: 'login'; clientId: string }
  | { type: 'logout'; clientId: string }
  | { type: 'lock-wait'; duration: number }
  | { type: 'clock-skew'; skew: number }
  | { type: 'refresh-refused'; clientId: string; error: string | undefined }
  /**
   * The browser denies the database, or an action has no State library, so tokens stay in memory; the keychain cannot be
   * used, so files are not encrypted; or (`unreadable entry`) a stored entry can never be read.
   */
  | { type: 'store-degraded'; reason: string }
  /**
   * An address with `code` or `error` was left as it is: its state is unknown or missing, or (`path`) it is not the
   * redirect URI. `imsError` and `imsErrorDescription` come from the address, so anyone can have written them.
   */
  | { type: 'callback-ignored'; reason: 'state' | 'path'; imsError?: string; imsErrorDescription?: string }
  | { type: 'error'; code: ImsErrorCode | undefined; message: string; during: string }

/** Where a token came from: the flow, a refresh token, another process or tab. */
export type TokenSource = 'issued' | 'refreshed' | 'adopted'

/** What callers wait for, or what runs behind them. After a redirect, `signing in` starts with the callback. */
export type OperationName = 'renewing' | 'renewing in the background' | 'signing in' | 'signing out' | 'invalidating'

export type ImsEventType = ImsEvent['type']
export type ImsEventOf<Type extends ImsEventType> = Extract<ImsEvent, { type: Type }>
export type Emit = (event: ImsEvent) => void
/** Takes an event of any operation, or of none. */
export type Report = (event: Happening & Partial<Pick<ImsEvent, 'operation' | 'requestId'>>) => void

/** Sends events to the listeners of their type. An error that a listener throws is ignored. */
export interface Emitter {
  emit: Report
  /** @returns a function that unsubscribes the listener */
  on<Type extends ImsEventType>(type: Type, listener: (event: ImsEventOf<Type>) => void): () => void
  clear(): void
}

export function createEmitter(...observers: readonly (Emit | undefined)[]): Emitter {
  const listeners = new Set<readonly [ImsEventType, Emit]>()
  const notify = (listener: Emit, event: ImsEvent) => {
    try {
      listener(event)
    } catch {
      // an observer must not change what it observes
    }
  }
  return {
    emit(given) {
      const event: ImsEvent = { ...given, operation: given.operation ?? operationId() }
      for (const observer of observers) if (observer !== undefined) notify(observer, event)
      for (const [type, listener] of listeners) if (type === event.type) notify(listener, event)
    },
    on(type, listener) {
      const entry = [type, listener as Emit] as const
      listeners.add(entry)
      return () => listeners.delete(entry)
    },
    clear: () => listeners.clear(),
  }
}

/** A new id of an operation: random, so that one log can have those of many processes. It is not a secret. */
export const operationId = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join('')
