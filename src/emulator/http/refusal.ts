/** An error response in IMS's format. Handlers throw it, the router sends it. */
export class Refusal extends Error {
  readonly status: number
  readonly error: string
  headers: Readonly<Record<string, string>> = {}

  constructor(status: number, error: string, description: string) {
    super(description)
    this.status = status
    this.error = error
  }

  /** Adds headers to the response. */
  withHeaders(headers: Readonly<Record<string, string>>): this {
    this.headers = headers
    return this
  }

  toResponse(): Response {
    return Response.json(
      { error: this.error, error_description: this.message },
      { status: this.status, headers: { 'cache-control': 'no-store', ...this.headers } },
    )
  }
}
