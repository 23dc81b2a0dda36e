// the parts of Cloudflare's bindings that imskit uses, so that its types do not depend on theirs

/** A KV namespace. */
export interface KvNamespace {
  get(key: string, type: 'text'): Promise<string | null>
  put(key: string, value: string, options?: KvPutOptions): Promise<void>
  delete(key: string): Promise<void>
  list(options?: KvListOptions): Promise<KvListing>
}

export interface KvPutOptions {
  /** s since the epoch */
  expiration?: number
  metadata?: unknown
}

export interface KvListOptions {
  prefix?: string
  cursor?: string
}

export interface KvListing {
  readonly keys: readonly { readonly name: string; readonly metadata?: unknown }[]
  readonly list_complete: boolean
  readonly cursor?: string
}

/** What the runtime passes to a worker together with the request. */
export interface WorkerContext {
  waitUntil(work: Promise<unknown>): void
}

/** A Durable Object namespace. */
export interface DurableNamespace<Id = unknown> {
  idFromName(name: string): Id
  get(id: Id): DurableStub
}

export interface DurableStub {
  fetch(url: string, init: { method: string; body: string }): Promise<{ status: number; json(): Promise<unknown> }>
}

/** What the runtime passes to the constructor of a Durable Object. */
export interface DurableState {
  readonly storage: DurableStorage
}

export interface DurableStorage {
  get<T>(key: string): Promise<T | undefined>
  put<T>(key: string, value: T): Promise<void>
  delete(key: string): Promise<boolean>
  list<T>(options: { prefix: string }): Promise<Map<string, T>>
  getAlarm(): Promise<number | null>
  setAlarm(at: number): Promise<void>
}
