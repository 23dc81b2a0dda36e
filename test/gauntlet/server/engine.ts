/** A request, whole. */
export interface EngineRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly body: string
}

export interface EngineAnswer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly body: string
}

/** An authorization server behind the front that injects faults and judges. */
export interface Engine {
  /** `strict` or `oidc-provider` */
  readonly name: string
  readonly clientId: string
  /** Issuers that clients of it accept, if it names another than the address they know. */
  readonly issuers?: readonly string[]
  handle(request: EngineRequest): Promise<EngineAnswer>
  close(): Promise<void>
}
