/** How cookies are set. */
export interface CookieOptions {
  /** Whether they are `Secure` and have the prefix for secure origins: always, except for http on loopback. */
  readonly secure: boolean
}

export interface CookieAttributes {
  /** ms */
  readonly maxAge: number
  readonly sameSite: SameSite
}

export type SameSite = 'Lax' | 'Strict'

/** The cookies of one request, and how its response changes them. Names are without the prefix. */
export interface Cookies {
  /** A value, joined from its parts. */
  get(name: string): string | undefined
  /** Names that start with `prefix`. */
  names(prefix: string): string[]
  /** @returns `false` if the value is too long for cookies */
  set(name: string, value: string, attributes: CookieAttributes): boolean
  clear(name: string): void
  /** One per `Set-Cookie` header. */
  lines(): string[]
}

/**
 * Only an https origin can set a cookie with this prefix, for its own host only and never from a script. A browser that
 * does not support it yet still applies the rules of `__Host-`.
 */
const prefix = '__Host-Http-'
/** Bytes of the 4,096 that remain after the name and the attributes. */
const partLength = 3_800
const mostParts = 4

/** The parts of a value that is longer than a cookie can be: `name`, `name.1`, `name.2`… */
const partName = (name: string, part: number) => (part === 0 ? name : `${name}.${part}`)

export function requestCookies(header: string | null, { secure }: CookieOptions): Cookies {
  const usedPrefix = secure ? prefix : ''
  const sent = parseCookies(header ?? '', usedPrefix)
  const changes = new Map<string, string>()
  const write = (name: string, value: string, { maxAge, sameSite }: CookieAttributes) => {
    const age = Math.max(0, Math.ceil(maxAge / 1000))
    const attributes = `Path=/; Max-Age=${age}; HttpOnly; SameSite=${sameSite}${secure ? '; Secure' : ''}`
    changes.set(name, `${usedPrefix}${name}=${value}; ${attributes}`)
  }
  const clear = (name: string, from = 0) => {
    for (let part = from; part < mostParts; part++) {
      const each = partName(name, part)
      if (sent.has(each)) write(each, '', { maxAge: 0, sameSite: 'Lax' })
      else changes.delete(each)
    }
  }
  return {
    get(name) {
      const parts: string[] = []
      for (let part = 0; part < mostParts; part++) {
        const value = sent.get(partName(name, part))
        if (value === undefined) break
        parts.push(value)
      }
      return parts.length === 0 ? undefined : parts.join('')
    },
    names: (start) => [...sent.keys()].filter((name) => name.startsWith(start)),
    set(name, value, attributes) {
      const count = Math.ceil(value.length / partLength)
      if (count > mostParts) return false
      clear(name, count)
      for (let part = 0; part < count; part++)
        write(partName(name, part), value.slice(part * partLength, (part + 1) * partLength), attributes)
      return true
    },
    clear: (name) => clear(name),
    lines: () => [...changes.values()],
  }
}

/** Values by their names without `prefix`; cookies without it are ignored. */
function parseCookies(header: string, usedPrefix: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    const value = pair.slice(at + 1).trim()
    // of two with the same name, the first is used
    const usable = at > 0 && name.startsWith(usedPrefix) && !found.has(name.slice(usedPrefix.length))
    if (usable && /^[\w.-]{1,4096}$/.test(value)) found.set(name.slice(usedPrefix.length), value)
  }
  return found
}
