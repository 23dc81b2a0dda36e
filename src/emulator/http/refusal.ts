/** An error response in IMS's format. Handlers throw it, the router sends it. */
export class Refusal extends Error {
  readonly status: number
  readonly error: string
  headers: Readonly<Record<string, string>> = {}
  /** Why, in the words of the emulator: for the overview, its own pages and the terminal. */
  reason: string

  constructor(status: number, error: string, description: string) {
    super(description)
    this.status = status
    this.error = error
    this.reason = description
  }

  /** Adds headers to the response. */
  withHeaders(headers: Readonly<Record<string, string>>): this {
    this.headers = headers
    return this
  }

  /** Adds the reason, if the description is a text that was recorded from IMS. */
  because(reason: string): this {
    this.reason = reason
    return this
  }

  /** One line for the overview. */
  get note(): string {
    return `${this.error}: ${this.reason}`
  }

  toResponse(): Response {
    return Response.json(
      { error: this.error, error_description: this.message },
      { status: this.status, headers: { 'cache-control': 'no-store', ...this.headers } },
    )
  }
}

const maxLength = 60
const maxNames = 12

/** A value of a request in a reason: quoted, and not longer than a reader needs. */
export function quote(value: string): string {
  return `'${value.length > maxLength ? `${value.slice(0, maxLength)}…` : value}'`
}

/** Names in a reason, with commas; `none` if there are none. */
export function nameList(names: Iterable<string>): string {
  const all = [...names]
  if (all.length === 0) return 'none'
  const more = all.length - maxNames
  return all.slice(0, maxNames).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
