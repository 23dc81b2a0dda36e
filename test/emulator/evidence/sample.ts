import { isMatcher } from './compare.ts'
import type { Answer, Matcher, Members, Shape } from './row.ts'
import { endpoint } from './scene.ts'

// an answer of the table as a response, with a made-up value for all that varies

// one time for all: a sample is the same each time that it is made
const now = Date.now()
const userId = '0123456789ABCDEF01234567@AdobeID'
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const fill = (text: string) => text.replaceAll('{endpoint}', endpoint).replaceAll('{user_id}', userId)

/** A JWT that nothing but its signature is wrong with; `name` is the member that it stands in. */
export function sampleJwt(name: string, claims: Members = {}, clientId = 'web-app'): string {
  const ims = { type: name, client_id: clientId, user_id: userId, created_at: String(now), expires_in: '86400000' }
  const seconds = Math.floor(now / 1000)
  const openId = { iss: endpoint, aud: clientId, sub: userId, iat: seconds, exp: seconds + 3600 }
  const all = { ...(name === 'id_token' ? openId : ims), ...Object.fromEntries(membersOf(claims, clientId)) }
  // what is recorded of times is old
  const fresh = name === 'id_token' ? all : { ...all, created_at: String(now) }
  return `${base64url({ alg: 'RS256', kid: 'k' })}.${base64url(fresh)}.${Buffer.alloc(256).toString('base64url')}`
}

function membersOf(members: Members, clientId: string): [string, unknown][] {
  return Object.entries(members)
    .map(([name, shape]): [string, unknown] => [name, sampleOf(shape, name, clientId)])
    .filter(([, value]) => value !== undefined)
}

function sampleOfMatcher(matcher: Matcher, name: string, clientId: string): unknown {
  switch (matcher.$) {
    case 'absent':
      return undefined
    case 'list':
      return [sampleOf(matcher.item, name, clientId)]
    case 'scopes':
      return (matcher.has ?? []).join(',')
    case 'jwt':
      return sampleJwt(name === 'code' ? 'authorization_code' : name, matcher.claims, clientId)
    default:
      return matcher.sample
  }
}

function sampleOf(shape: Shape, name: string, clientId: string): unknown {
  if (isMatcher(shape)) return sampleOfMatcher(shape, name, clientId)
  if (typeof shape === 'string') return fill(shape)
  if (typeof shape !== 'object' || shape === null) return shape
  if (Array.isArray(shape)) return shape.map((entry) => sampleOf(entry, name, clientId))
  return Object.fromEntries(membersOf(shape as Members, clientId))
}

/** The members of a JSON answer. */
export function sampleBody({ body = {} }: Answer, clientId: string): Readonly<Record<string, unknown>> {
  return sampleOf(body, '', clientId) as Readonly<Record<string, unknown>>
}

/** Where a redirect leads, with all that it adds. */
export function sampleLocation({ redirect }: Answer, clientId: string): URL | undefined {
  if (redirect === undefined) return undefined
  const url = new URL(redirect.to)
  for (const [name, value] of membersOf(redirect.query ?? {}, clientId)) url.searchParams.set(name, String(value))
  const fragment = membersOf(redirect.fragment ?? {}, clientId).map(([name, value]) => [name, String(value)])
  if (fragment.length > 0) url.hash = new URLSearchParams(fragment).toString()
  return url
}

/** The answer as a client receives it. */
export function sampleResponse(answer: Answer, clientId: string): Response {
  const headers = new Headers()
  for (const [name, value] of membersOf(answer.headers ?? {}, clientId)) headers.set(name, String(value))
  const location = sampleLocation(answer, clientId)
  if (location !== undefined) headers.set('location', location.href)
  if (answer.body === undefined) return new Response(answer.text || null, { status: answer.status, headers })
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  return new Response(JSON.stringify(sampleBody(answer, clientId)), { status: answer.status, headers })
}
