import type { Random } from './random.ts'

/** Texts that parsers of all kinds treat in a way of their own. */
export const dictionary: readonly string[] = [
  ...[
    '',
    ' ',
    '\t',
    '\n',
    '\r\n',
    '\0',
    '\u200b',
    '\u2028',
    '\ufeff',
    '\ud800',
    '\u202e',
    '\u00e9',
    '\u{1f600}',
    '\u007f',
  ],
  ...[
    '/',
    '//',
    '\\',
    '..',
    '../',
    '%2f',
    '%252f',
    '%5c',
    '%00',
    '%',
    '%ff',
    '?',
    '#',
    '@',
    ':',
    ';',
    '..;/',
    '&',
    '=',
    '+',
  ],
  ...[
    '"',
    "'",
    '`',
    '{',
    '}',
    '[',
    ']',
    '{}',
    '[]',
    'null',
    'true',
    '-1',
    '0',
    '1e999',
    'NaN',
    '9007199254740993',
    ',',
    '.',
  ],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    '"__proto__":{"polluted":1}',
    '__proto__: {polluted: 1}',
    'toString',
    'hasOwnProperty',
  ],
  ...[
    '-----BEGIN PRIVATE KEY-----',
    '-----END PRIVATE KEY-----',
    '-----',
    'Proc-Type: 4,ENCRYPTED',
    'DEK-Info: AES-256-CBC,',
    '\\n',
  ],
  ...[
    'eyJ',
    'eyJhbGciOiJub25lIn0',
    'e30',
    '..',
    'Bearer ',
    'https://',
    'http://',
    'javascript:',
    'data:',
    '//evil.test',
    '[::1]',
  ],
  ...[
    '&a',
    '*a',
    '<<: *a',
    '!!js/function',
    '- ',
    '|',
    '>',
    '/*',
    '*/',
    '//',
    "'''",
    '--',
    '---',
    '$X',
    '$(x)',
    'export ',
  ],
  ...['0\u0080', '\u0002\u0001', '0\u0084\u00ff\u00ff\u00ff\u00ff', '\u0004\u0080', '\u0006\u0001'],
]

const changes: readonly ((text: string, random: Random, others: readonly string[]) => string)[] = [
  (text, random) => at(text, random, 0, random.pick(dictionary)),
  (text, random) => at(text, random, 1 + random(8), random.pick(dictionary)),
  (text, random) => at(text, random, 1, String.fromCharCode(random(256))),
  (text, random) => at(text, random, random(1 + text.length), ''),
  (text, random) => {
    const start = random(text.length + 1)
    const piece = text.slice(start, start + 1 + random(32))
    return at(text, random, 0, piece.repeat(1 + random(20)))
  },
  (text, random, others) => {
    const other = random.pick(others)
    return text.slice(0, random(text.length + 1)) + other.slice(random(other.length + 1))
  },
  (text, random) => at(text, random, 0, random.pick(dictionary).repeat(1 + random(200))),
  (text, random) => text.slice(0, random(text.length + 1)),
  (text, random) => {
    const start = random(text.length + 1)
    const end = start + random(16)
    return text.slice(0, start) + encodeURIComponent(text.slice(start, end).replace(/\p{Cs}/gu, '')) + text.slice(end)
  },
]

function at(text: string, random: Random, length: number, by: string): string {
  const start = random(text.length + 1)
  return text.slice(0, start) + by + text.slice(start + length)
}

const longest = 8_192

/** `text` with one to four changes. */
export function mutated(text: string, random: Random, others: readonly string[]): string {
  let result = text
  for (let change = 1 + random(4); change > 0; change--) result = random.pick(changes)(result, random, others)
  return result.slice(0, longest)
}
