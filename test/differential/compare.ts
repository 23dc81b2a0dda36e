import { decodeJwt } from 'jose'

/** Where two observations part, as a path such as `calls[1].value.expiry`. */
export interface Difference {
  readonly at: string
  readonly old: unknown
  readonly new: unknown
}

const jwt = /eyJ[\w-]+\.[\w-]+\.[\w-]*/g
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const moment = /(?<!\d)1[5-9]\d{11}(?!\d)/g
const port = /(?<=127\.0\.0\.1:)\d+/g
const unpredictable = new Set(['iat', 'exp', 'jti', 'id', 'created_at', 'sid', 'rtid', 'rtea', 'state'])
const random = new Set(['code_verifier', 'moi'])

/** What differs from run to run by its nature, told by what it stands for; all else stays as it is. */
export function settled(value: unknown, places: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'number') return value > 1.5e12 && value < 2e12 ? when(value) : value
  if (typeof value === 'string') {
    const text = Object.entries(places).reduce((all, [path, name]) => all.replaceAll(path, name), value)
    const readable = text.replace(jwt, describeToken).replace(uuid, '<uuid>').replace(port, '<port>')
    return readable.replace(moment, (digits) => when(Number(digits)))
  }
  if (Array.isArray(value)) return value.map((item) => settled(item, places))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, item]) => [key, random.has(key) ? '<random>' : settled(item, places)]))
}

const when = (time: number) => `<in ${Math.round((time - Date.now()) / 3_600_000) || 0} h>`

function describeToken(token: string): string {
  try {
    const claims = Object.entries(decodeJwt(token)).filter(([name]) => !unpredictable.has(name))
    const { type, client_id, scope, ...rest } = Object.fromEntries(claims)
    return `<${[type ?? 'jwt', client_id, scope ?? Object.keys(rest).sort()].join(' ')}>`
  } catch {
    return '<broken jwt>'
  }
}

/** Each leaf in which the two are not the same. What one of them does not have reads `undefined` there. */
export function differences(old: unknown, now: unknown, at = ''): Difference[] {
  if (isTree(old) && isTree(now) && Array.isArray(old) === Array.isArray(now)) {
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])]
    const step = (key: string) => (Array.isArray(old) ? `${at}[${key}]` : at === '' ? key : `${at}.${key}`)
    return keys.flatMap((key) => differences(old[key], now[key], step(key)))
  }
  return Object.is(old, now) ? [] : [{ at, old, new: now }]
}

const isTree = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
