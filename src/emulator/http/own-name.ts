/** The names of a server. */
export interface OwnNames {
  /** Its public address. */
  readonly url: string
  /** The host and port that it listens on. */
  readonly host: string
  readonly port: number
  /** Whether any IP address is accepted: DNS rebinding needs a name. */
  readonly anyAddress: boolean
}

/**
 * Whether the `Host` headers of a request name this server. With DNS rebinding, the name of another site resolves to this
 * machine, but its requests still contain that name; they must not be answered.
 */
export function isOwnName(hosts: readonly string[] | undefined, { url, host, port, anyAddress }: OwnNames): boolean {
  const [given = '', ...more] = hosts ?? []
  const requested = more.length === 0 ? hostOf(given) : undefined
  if (requested === undefined) return false
  const names = ['127.0.0.1', 'localhost', '[::1]', host.includes(':') ? `[${host}]` : host]
  const known = [new URL(url).host, ...names.map((name) => hostOf(`${name}:${port}`))]
  return (
    known.includes(requested) || (anyAddress && /^(?:[\d.]{7,15}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/.test(requested))
  )
}

/** `text` normalized as host and port of a URL; `undefined` if it is not one. */
function hostOf(text: string): string | undefined {
  const plain = text.length <= 300 && /^[\w.:[\]-]+$/.test(text) && URL.canParse(`http://${text}`)
  return plain ? new URL(`http://${text}`).host : undefined
}
