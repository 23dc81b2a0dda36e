import dotenv from 'dotenv'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDotEnv } from '../../../src/adapters/node/config/dot-env.ts'

describe('a .env file', () => {
  const pieces = [
    ...[
      'A',
      'B.c',
      'D-e',
      'export',
      'export ',
      '__proto__',
      '=',
      '=',
      '=',
      ':',
      ': ',
      ' ',
      '\t',
      '\n',
      '\n',
      '\r\n',
      '\r',
    ],
    ...[
      '"',
      '"',
      "'",
      "'",
      '`',
      '\\',
      '\\"',
      "\\'",
      '\\n',
      '\\r',
      '#',
      '# a comment',
      'value',
      'a b',
      '{"a":1}',
      '\u00e9',
      '$',
    ],
  ]
  const anyText = fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((some) => some.join(''))

  test('is read as dotenv reads it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(parseDotEnv(text)).toEqual({ ...dotenv.parse(text) })
      }),
      { numRuns: 20_000 },
    )
  })

  test('of every form that dotenv documents', () => {
    const text = [
      'BASIC=basic',
      'EMPTY=',
      'EMPTY_QUOTED=""',
      "SINGLE=' kept '",
      'EXPANDED="a\\nb"',
      "NOT_EXPANDED='a\\nb'",
      'BACKTICK=`it\'s "both"`',
      'JSON={"foo": "bar"}',
      'COMMENTED=value # comment',
      'HASH="a#b"',
      'KEY="-----BEGIN PRIVATE KEY-----',
      'AAAA',
      '-----END PRIVATE KEY-----"',
      '  export SPACED = a b  ',
      'YAML: like',
    ].join('\n')
    expect(parseDotEnv(text)).toEqual({ ...dotenv.parse(text) })
    expect(parseDotEnv(text)).toMatchObject({ SINGLE: ' kept ', EXPANDED: 'a\nb', COMMENTED: 'value', SPACED: 'a b' })
  })

  test.each([' ', '\t', '\n', 'A=', "A='", "A='\\'", 'A="\n', '=', ' =', 'export ', 'A: ', 'A\n', '\\"'])(
    'of a megabyte of %j is read at once',
    { timeout: 10_000 },
    (piece) => {
      for (const head of ['', 'A', 'A=', 'A="', "A=x'"]) parseDotEnv(head + piece.repeat(1_000_000 / piece.length))
    },
  )
})
