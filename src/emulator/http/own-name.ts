/** Under which names a server may be asked. */
export interface OwnNames {
  /** Its public address. */
  readonly url: string
  /** The host and port that it listens on. */
  readonly host: string
  readonly port: number
  /** Whether any IP address will do: whoever asks by address was not led here by a name. */
  readonly anyAddress: boolean
}

/**
 * Whether the `Host` headers of a request name this server. A page that had its own name point here (DNS rebinding)
 * still sends that name, and must not read what the emulator answers.
 */
export function isOwnName(hosts: readonly string[] | undefined, { url, host, port, anyAddress }: OwnNames): boolean {
  const [given = '', ...more] = hosts ?? []
  const asked = more.length === 0 ? hostOf(given) : undefined
  if (asked === undefined) return false
  const names = ['127.0.0.1', 'localhost', '[::1]', host.includes(':') ? `[${host}]` : host]
  const known = [new URL(url).host, ...names.map((name) => hostOf(`${name}:${port}`))]
  return known.includes(asked) || (anyAddress && /^(?:[\d.]{7,15}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/.test(asked))
}

/** `text` as URLs write a host and its port; `undefined` if it is something else. */
function hostOf(text: string): string | undefined {
  const plain = text.length <= 300 && /^[\w.:[\]-]+$/.test(text) && URL.canParse(`http://${text}`)
  return plain ? new URL(`http://${text}`).host : undefined
}
