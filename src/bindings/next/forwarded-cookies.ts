/**
 * The `cookie` header of a request as the browser will send it next time, so that the code behind a proxy reads the new
 * cookies already.
 *
 * @param lines one per `Set-Cookie` header
 */
export function withSetCookies(sent: string | null, lines: readonly string[]): string {
  const changes = new Map(lines.map((line) => pairOf(line.split(';', 1)[0] ?? '')))
  const kept = (sent ?? '').split(';').map(pairOf)
  const unchanged = kept.filter(([name]) => name !== '' && !changes.has(name))
  // an empty value is that of a cookie that is cleared
  const changed = [...changes].filter(([, value]) => value !== '')
  return [...unchanged, ...changed].map(([name, value]) => `${name}=${value}`).join('; ')
}

function pairOf(text: string): [name: string, value: string] {
  const at = text.indexOf('=')
  return at < 0 ? ['', ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()]
}
