/** An answer with IMS's error envelope; handlers throw it, the router sends it. */
export class Refusal extends Error {
  readonly status: number
  readonly error: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, error: string, description: string, headers: Readonly<Record<string, string>> = {}) {
    super(description)
    this.status = status
    this.error = error
    this.headers = headers
  }

  toResponse(): Response {
    return Response.json(
      { error: this.error, error_description: this.message },
      { status: this.status, headers: { 'cache-control': 'no-store', ...this.headers } },
    )
  }
}
