import { evidence } from './index.ts'
import {
  type Answer,
  type Call,
  isKnown,
  type KnownRow,
  type Matcher,
  type Row,
  type Section,
  type Shape,
} from './row.ts'

// the table as Markdown, for docs/ims-protocol.md

const all = evidence.flatMap(({ rows }) => rows)
const known = all.filter(isKnown)
const cell = (text: string) => text.replaceAll('|', '\\|')
const code = (text: string) => `\`${text.replaceAll('`', "'")}\``
/** A value that is longer than anyone reads. */
const short = (text: string) => (text.length > 60 ? `${text.slice(0, 20)}… (${text.length} characters)` : text)

/** What the braces of a row stand for, as a reader knows it. */
const named = (text: string) => short(text).replaceAll(/\{([a-z_]+[a-z_ -]*)\}/g, '<$1>')

function showMatcher(matcher: Matcher): string {
  switch (matcher.$) {
    case 'absent':
      return 'absent'
    case 'text':
    case 'like':
      return '…'
    case 'between':
      return String(matcher.sample)
    case 'list':
      return `[${show(matcher.item)}, …]`
    case 'scopes':
      return [
        `scopes with ${(matcher.has ?? []).join(', ')}`,
        ...(matcher.lacks?.length ? [`without ${matcher.lacks.join(', ')}`] : []),
      ].join(' ')
    case 'jwt': {
      const header = Object.keys(matcher.header).length > 0 ? ` header ${show(matcher.header)}` : ''
      const claims = Object.keys(matcher.claims).length > 0 ? ` ${show(matcher.claims)}` : ''
      return `JWT${header}${claims}`
    }
  }
}

function show(shape: Shape): string {
  if (shape === null || typeof shape !== 'object')
    return typeof shape === 'string' ? `"${named(shape)}"` : String(shape)
  if ('$' in shape) return showMatcher(shape as Matcher)
  if (Array.isArray(shape)) return `[${shape.map(show).join(', ')}]`
  const members = Object.entries(shape).map(([name, value]) => `${name}: ${show(value)}`)
  return members.length > 0 ? `{ ${members.join(', ')} }` : '{}'
}

const pairs = (values: Readonly<Record<string, string>> = {}) =>
  Object.entries(values).map(([name, value]) => `${name}=${named(value)}`)

function showCall({
  method,
  host = '',
  path,
  query,
  form,
  json,
  multipart,
  basic,
  bearer,
  headers,
  user,
}: Call): string {
  const asked = pairs(query)
  const address = `${method} ${host}${path}${asked.length > 0 ? `?${asked.join('&')}` : ''}`
  const fields = pairs(form).join('&')
  const notes = [
    ...(fields === '' ? [] : [code(fields)]),
    ...(json === undefined ? [] : [code(show(json))]),
    ...(multipart ? ['as multipart'] : []),
    ...(basic === undefined ? [] : ['Basic authentication']),
    ...(bearer === undefined ? [] : [`bearer ${code(named(bearer))}`]),
    ...Object.entries(headers ?? {}).map(([name, value]) => code(`${name}: ${named(value)}`)),
    ...(user === undefined ? [] : [`the user ${user}`]),
  ]
  return [code(address), ...notes].join(', ')
}

function showAnswer({ status, headers, body, exact, text, redirect }: Answer): string {
  const parts = [
    String(status),
    ...Object.entries(headers ?? {}).map(([name, value]) => code(`${name}: ${show(value).replaceAll('"', '')}`)),
    ...(redirect === undefined ? [] : [`to ${code(redirect.to)}`]),
    ...(redirect?.query === undefined ? [] : [`query ${code(show(redirect.query))}`]),
    ...(redirect?.fragment === undefined ? [] : [`fragment ${code(show(redirect.fragment))}`]),
    ...(text === undefined ? [] : [text === '' ? 'no body' : code(text)]),
    ...(body === undefined ? [] : [`${code(show(body))}${exact ? ' and nothing else' : ''}`]),
  ]
  return parts.join(', ')
}

function answerCell(row: Row): string {
  if (isKnown(row)) return showAnswer(row.answer)
  return row.assumed === undefined ? '**unknown**' : `**unknown**; the emulator answers ${showAnswer(row.assumed)}`
}

function factCell({ fact, conflict }: Row): string {
  return conflict === undefined ? fact : `${fact} _Sources differ:_ ${conflict}`
}

function line(row: Row): string {
  const [source, confidence] = isKnown(row) ? [row.source, row.confidence] : ['', '?']
  return `| ${[factCell(row), showCall(row.call), answerCell(row), source, confidence].map(cell).join(' | ')} |`
}

function table({ title, intro, notEmulated, rows }: Section): string {
  const head = '| fact | request | answer | source | confidence |\n|---|---|---|---|---|'
  const texts = [intro, notEmulated].filter((text) => text !== undefined)
  return [`### ${title}`, ...texts, `${head}\n${rows.map(line).join('\n')}`].join('\n\n')
}

const count = (confidence: KnownRow['confidence']) => known.filter((row) => row.confidence === confidence).length

function summary(): string {
  const rows = [
    ['A', 'recorded from the live service, or Adobe’s documentation', count('A')],
    ['B', 'a client by Adobe, or measured by a third party', count('B')],
    ['C', 'one third party’s word', count('C')],
    ['?', 'unknown: no public source has the answer', all.length - known.length],
  ]
  const lines = rows.map((row) => `| ${row.join(' | ')} |`)
  return `| confidence | meaning | rows |\n|---|---|---|\n${lines.join('\n')}`
}

function openQuestions(): string {
  const rows = all.filter((row) => !isKnown(row))
  return `### What is unknown\n\n${rows.map(({ fact, call }) => `- ${code(`${call.method} ${call.host ?? ''}${call.path}`)}: ${fact}`).join('\n')}`
}

/** The part of the page between the two marks. */
export function renderEvidence(): string {
  return [summary(), ...evidence.map(table), openQuestions()].join('\n\n')
}
