import { isAdobes } from '../../../../core/ims/host.ts'
import { printable } from '../../printable.ts'
import type { Findings } from './ask.ts'
import type { Credential } from './credential.ts'

declare const __VERSION__: string

/** The environment of a report, without ids. */
export interface Heading {
  readonly imskit: string
  readonly node: string
  readonly ims: string
  readonly kind: string
  readonly client: string
}

export function headingOf({ endpoint, kind, clientId }: Credential): Heading {
  return {
    imskit: __VERSION__,
    node: process.version,
    // the name of another host is private
    ims: isAdobes(endpoint) ? endpoint : "a host that is not Adobe's",
    kind,
    client: clientId === undefined ? 'none' : masked(clientId),
  }
}

/** The start of an id, which only its owner recognizes. */
function masked(id: string): string {
  return id.length < 16 ? '…' : `${id.slice(0, 4)}…`
}

/** The findings in Markdown, for an issue. */
export function report(findings: Findings, { imskit, node, ims, kind, client }: Heading): string {
  const { answered, same, differences, unknown, failures, leftOut, tokenLeft } = findings
  const differing = differences.map(({ call, fact, expected, answered, confidence }) => {
    return [call, code(fact), expected.map(code).join(' or '), code(answered), confidence]
  })
  const news = unknown.map(({ call, fact, answered }) => [call, code(fact), code(answered)])
  const silent = failures.map(({ call, reason }) => [call, code(reason)])
  return [
    '### imskit probe',
    '',
    `- imskit ${imskit}, Node ${node}`,
    `- IMS: ${ims}`,
    `- credential: ${kind}, client ${client}`,
    `- ${answered.length} calls answered, ${same} facts as expected, ${differences.length} different`,
    ...(leftOut.length === 0 ? [] : [`- skipped, because no token was issued: ${leftOut.join(', ')}`]),
    ...(tokenLeft ? ['- **A token could not be revoked; it expires within a day.**'] : []),
    ...table('Different from the evidence', ['call', 'fact', 'expected', 'answered', 'confidence'], differing),
    ...table('No answer', ['call', 'reason'], silent),
    ...table('Not known before', ['call', 'fact', 'answered'], news),
    ...(differing.length === 0
      ? []
      : [
          '',
          "Confidence: A recorded or documented by Adobe, B measured or used by a client of Adobe's, C claimed by one third party.",
        ]),
  ].join('\n')
}

function table(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return ['', `#### ${title}`, '', line(heads), line(heads.map(() => '---')), ...rows.map(line)]
}

/** A text as code in a table, so that it cannot contain markup, mentions or links. */
function code(text: string): string {
  return `\`${printable(text).replaceAll('`', "'").replaceAll('|', '\\|') || ' '}\``
}
