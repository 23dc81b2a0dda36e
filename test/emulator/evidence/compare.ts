import { compactVerify, createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet } from 'jose'
import type { Fill } from './props.ts'
import type { Answer, Matcher, Members, Shape } from './row.ts'

// compares an answer with what a row says; returns the differences in words

interface Told {
  readonly fill: Fill
  readonly keys: JSONWebKeySet
}

export const isMatcher = (shape: Shape | undefined): shape is Matcher =>
  typeof shape === 'object' && shape !== null && '$' in shape
const show = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 200)

async function compareList(item: Shape, actual: readonly unknown[], path: string, told: Told): Promise<string[]> {
  const each = actual.map((entry, index) => compare(item, entry, `${path}[${index}]`, told))
  return (await Promise.all(each)).flat()
}

async function compareJwt({ header, claims }: Matcher & { $: 'jwt' }, actual: unknown, path: string, told: Told) {
  if (typeof actual !== 'string') return [`${path} is ${show(actual)}, not a JWT`]
  try {
    await compactVerify(actual, createLocalJWKSet(told.keys))
  } catch (error) {
    return [`${path} is no JWT that a published key verifies: ${error}`]
  }
  return [
    ...(await compare(header, decodeProtectedHeader(actual), `${path} (header)`, told)),
    ...(await compare(claims, decodeJwt(actual), `${path} (claims)`, told)),
  ]
}

function compareScopes({ has = [], lacks = [] }: Matcher & { $: 'scopes' }, actual: unknown, path: string): string[] {
  const scopes = typeof actual === 'string' ? actual.split(',') : []
  const wrong = has.some((scope) => !scopes.includes(scope)) || lacks.some((scope) => scopes.includes(scope))
  return wrong
    ? [`${path} is ${show(actual)}; it should have ${has.join(', ')}${lacks.length > 0 ? ` and not ${lacks}` : ''}`]
    : []
}

async function match(matcher: Matcher, actual: unknown, path: string, told: Told): Promise<string[]> {
  const wrong = (expected: string) => [`${path} is ${show(actual)}, not ${expected}`]
  switch (matcher.$) {
    case 'absent':
      return actual === undefined || actual === null ? [] : wrong('absent')
    case 'text':
      return typeof actual === 'string' && actual !== '' ? [] : wrong('a text')
    case 'like':
      return new RegExp(matcher.pattern).test(String(actual ?? '')) ? [] : wrong(`like ${matcher.pattern}`)
    case 'between':
      return Number(actual) >= matcher.from && Number(actual) <= matcher.to ? [] : wrong(`about ${matcher.sample}`)
    case 'scopes':
      return compareScopes(matcher, actual, path)
    case 'jwt':
      return compareJwt(matcher, actual, path, told)
    case 'list':
      if (!Array.isArray(actual) || (actual.length === 0 && !matcher.empty)) return wrong('a list')
      return compareList(matcher.item, actual, path, told)
  }
}

async function compareMembers(members: Members, actual: unknown, path: string, told: Told): Promise<string[]> {
  if (typeof actual !== 'object' || actual === null) return [`${path} is ${show(actual)}, not an object`]
  const found = new Map(Object.entries(actual))
  const each = Object.entries(members).map(([name, shape]) => compare(shape, found.get(name), `${path}.${name}`, told))
  return (await Promise.all(each)).flat()
}

async function compare(shape: Shape, actual: unknown, path: string, told: Told): Promise<string[]> {
  if (isMatcher(shape)) return match(shape, actual, path, told)
  if (Array.isArray(shape)) {
    if (!Array.isArray(actual) || actual.length !== shape.length)
      return [`${path} is ${show(actual)}, not ${show(shape)}`]
    const each = shape.map((entry, index) => compare(entry, actual[index], `${path}[${index}]`, told))
    return (await Promise.all(each)).flat()
  }
  if (typeof shape === 'object' && shape !== null) return compareMembers(shape as Members, actual, path, told)
  const expected = typeof shape === 'string' ? await told.fill(shape) : shape
  return actual === expected ? [] : [`${path} is ${show(actual)}, not ${show(expected)}`]
}

function surplus(shape: Shape, actual: unknown): string[] {
  const known = new Set(Object.keys(shape as object))
  const names = Object.keys((actual ?? {}) as object).filter((name) => !known.has(name))
  return names.length > 0 ? [`body has more than is known: ${names.join(', ')}`] : []
}

async function compareBody(answer: Answer, body: string, told: Told): Promise<string[]> {
  if (answer.text !== undefined) return body === answer.text ? [] : [`body is ${show(body)}, not ${show(answer.text)}`]
  if (answer.body === undefined) return []
  try {
    const parsed: unknown = JSON.parse(body)
    return [
      ...(await compare(answer.body, parsed, 'body', told)),
      ...(answer.exact ? surplus(answer.body, parsed) : []),
    ]
  } catch {
    return [`body is no JSON: ${show(body)}`]
  }
}

async function compareRedirect({ redirect }: Answer, location: string | null, told: Told): Promise<string[]> {
  if (redirect === undefined) return []
  if (location === null) return ['there is no Location']
  const { origin, pathname, searchParams, hash } = new URL(location)
  const to = origin + pathname
  const fragment = Object.fromEntries(new URLSearchParams(hash.slice(1)))
  return [
    ...(to === redirect.to ? [] : [`Location is ${to}, not ${redirect.to}`]),
    ...(await compare(redirect.query ?? {}, Object.fromEntries(searchParams), 'query', told)),
    ...(await compare(redirect.fragment ?? {}, fragment, 'fragment', told)),
  ]
}

/** In what `response` differs from `answer`. */
export async function differences(answer: Answer, response: Response, told: Told): Promise<string[]> {
  const body = await response.text()
  if (response.status !== answer.status)
    return [`status is ${response.status}, not ${answer.status}: ${body.slice(0, 300)}`]
  const headers = Object.fromEntries(response.headers)
  return [
    ...(await compare(answer.headers ?? {}, headers, 'headers', told)),
    ...(await compareBody(answer, body, told)),
    ...(await compareRedirect(answer, response.headers.get('location'), told)),
  ]
}
