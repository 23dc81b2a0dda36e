// the parts of Cloudflare's bindings that are used, so that nobody needs their types to use ours

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

/** What a worker is given beside the request: keeps it alive until `work` ends. */
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

/** What a Durable Object is made with. */
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
