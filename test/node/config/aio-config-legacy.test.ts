import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aioConfig } from '../../../src/adapters/node/config/aio-config.ts'
import type { Json } from '../../../src/core/ports.ts'
import { bundle, fixture, removeDirectory, run, temporaryDirectory } from '../fixtures/scripts.ts'

type Call = readonly [method: 'get' | 'set', ...args: unknown[]]

interface Case {
  readonly title: string
  readonly global?: string
  readonly local?: string
  readonly dotEnv?: string
  readonly env?: Record<string, string>
  readonly calls: readonly Call[]
}

const names = [
  'IMS_CONTEXTS_MY__CTX_CLIENT__ID',
  'IMS_CONTEXTS_my-CTX_Client__Secret',
  'A___B',
  'C____D',
  'E_',
  '_F',
  '__G',
  'H__',
  'I_____J',
  'K_1',
  'l.m_N',
  'O..P',
  'Q_ _R',
  'CONFIG_SOMETHING',
  'é_Ü',
]
const values = Object.fromEntries(names.map((name, i) => [`AIO_${name}`, `value ${i}`]))
const json = JSON.stringify({
  a: { g: 1, list: [1, 2], nothing: null },
  ims: { contexts: { Foo: { client_id: 'x' } } },
})
const everything: readonly Call[] = [['get'], ['get', '', 'global'], ['get', '', 'local'], ['get', '', 'env']]

const cases: readonly Case[] = [
  { title: 'nothing at all', calls: [['get'], ['get', 'a'], ['get', 'a.b', 'local'], ['get', 'a', 'env']] },
  {
    title: 'precedence',
    global: json,
    local: '{"a":{"l":1,"list":[3]},"ims":{"config":{"current":"Foo"}}}',
    env: { AIO_A_E: 'e', AIO_IMS_CONFIG_CURRENT: 'bar' },
    calls: [
      ...everything,
      ['get', 'a.list'],
      ['get', 'A.G'],
      ['get', '.a..g.'],
      ['get', 'a.nothing'],
      ['get', 'a.list.1'],
    ],
  },
  {
    title: 'scalars and objects replace each other',
    global: '{"x":{"g":1},"y":1,"z":{"g":1},"n":{"g":1}}',
    local: '{"x":5,"y":{"l":1},"z":[1],"n":null}',
    env: { AIO_X_E: '1', AIO_Y: 'e' },
    calls: everything,
  },
  { title: 'names of variables', env: values, calls: [...everything, ...names.map((name): Call => ['get', name])] },
  {
    title: 'lower-case and mixed variables',
    env: { aio_low_er: '1', Aio_Mi__Xed: '2', AIOX_NO: '3' },
    calls: everything,
  },
  { title: 'a name and one below it', env: { AIO_X: '1', AIO_X_Y: '2', AIO_Z_Y: '2', AIO_Z: '1' }, calls: everything },
  { title: 'variants of one name', env: { AIO_v: 'first', AIO_V: 'second' }, calls: everything },
  {
    title: '.env',
    dotEnv: Object.entries(values)
      .map(([name, value]) => `${name}="${value}"`)
      .join('\n'),
    calls: everything,
  },
  {
    title: '.env below the environment',
    global: json,
    dotEnv:
      'AIO_A_E=file\nAIO_A_F=file\nAIO_P=1\nAIO_P_Q=2 # comment\nexport AIO_EXPORTED=\'x y\'\nNOT=one\nAIO_MULTI="a\\nb"\n',
    env: { AIO_A_E: 'real', AIO_P: '3' },
    calls: everything,
  },
  {
    title: '.env in lower case',
    dotEnv: 'aio_x=low\nAio_X=mixed\naio_y=low\nAIO_Y=up\nAIO_Z=up\naio_z=low',
    calls: everything,
  },
  {
    title: '.env with nothing new',
    dotEnv: 'AIO_A_B=1\nAIO_A=1',
    env: { AIO_A: '2', AIO_A_B: '3' },
    calls: everything,
  },
  {
    title: 'HJSON',
    global:
      "{\n  // comment\n  a: no quotes, at all\n  b: \"x\", c: [1, 2,]\n  d: {e: true}\n  text:\n    '''\n    two\n    lines\n    '''\n}",
    calls: [...everything, ['get', 'd.E']],
  },
  {
    title: 'YAML',
    global:
      '# comment\na: 1\na: 2\nlist:\n  - x\n  - {y: z}\nbase: &b {k: v}\nuse: *b\nmerged:\n  <<: *b\n  m: 1\nday: 2020-01-02\nyes: no\n',
    local: 'a:\n  b: |\n    text\n    more\n  c: {d: [e, ~]}\n',
    calls: everything,
  },
  { title: 'YAML that holds nothing', global: '# only a comment\n', calls: [['get']] },
  { title: 'an own root', env: { AIO_CONFIG_KEY: 'wxp', WXP_A_B: '1', AIO_A: '2' }, calls: everything },
]

let directory: string
let ourScript: string

beforeAll(async () => {
  directory = temporaryDirectory()
  ourScript = await bundle('config-calls.ts', directory)
})
afterAll(() => removeDirectory(directory))

interface Place {
  readonly cwd: string
  readonly env: Record<string, string>
}

let count = 0

function prepare({ global, local, dotEnv, env }: Partial<Case> = {}): Place {
  count += 1
  const home = join(directory, `case-${count}`)
  const cwd = join(home, 'project')
  mkdirSync(join(home, '.config'), { recursive: true })
  mkdirSync(cwd)
  if (global !== undefined) writeFileSync(join(home, '.config', 'aio'), global)
  if (local !== undefined) writeFileSync(join(cwd, '.aio'), local)
  if (dotEnv !== undefined) writeFileSync(join(cwd, '.env'), dotEnv)
  return { cwd, env: { XDG_CONFIG_HOME: join(home, '.config'), ...env } }
}

function legacy(
  list: ReadonlyArray<Partial<Place> & { calls: readonly Call[] }>,
  options: Partial<Place> = {},
): unknown[] {
  return run([process.execPath, fixture('legacy-config.cjs'), JSON.stringify(list)], options) as unknown[]
}

async function ours({ cwd, env }: Place, calls: readonly Call[]) {
  const config = aioConfig({ cwd, env, home: cwd })
  const results = []
  for (const [method, ...args] of calls) {
    if (method === 'set') {
      await config.set(args[2] ? 'local' : 'global', args[0] as string, args[1] as Json)
      results.push({})
    } else {
      const value = await config.get(...(args as Parameters<typeof config.get>))
      results.push(value === undefined ? { missing: true } : { value })
    }
  }
  return results
}

/** A file that is not there: the old library says so for the whole source, we say that it holds nothing. */
function withoutMissingSources(results: unknown, calls: readonly Call[]) {
  return (results as unknown[]).map((result, i) =>
    (calls[i]?.[1] ?? '') === '' && (result as { missing?: boolean }).missing ? { value: {} } : result,
  )
}

describe('reads what @adobe/aio-lib-ims reads', () => {
  const prepared: Place[] = []
  let expected: unknown[]
  beforeAll(() => {
    prepared.push(...cases.map(prepare))
    expected = legacy(prepared.map((place, i) => ({ ...place, calls: cases[i]?.calls ?? [] })))
  })

  test.each(cases.map((each, i) => [each.title, i] as const))('%s', async (_, i) => {
    const { calls } = cases[i] as Case
    const result = await ours(prepared[i] as Place, calls)
    expect(result).toEqual(withoutMissingSources(expected[i], calls))
  })

  test('in a process of its own, from HOME and the working directory', () => {
    const home = join(directory, 'home')
    const cwd = join(home, 'project')
    mkdirSync(join(home, '.config'), { recursive: true })
    mkdirSync(cwd)
    writeFileSync(join(home, '.config', 'aio'), json)
    writeFileSync(join(cwd, '.aio'), 'a: {l: 1}\n')
    writeFileSync(join(cwd, '.env'), 'AIO_A_D=dot\n')
    const options = { cwd, env: { HOME: home, AIO_A_E: 'env' } }
    const calls: readonly Call[] = [
      ['get', 'a'],
      ['get', 'ims'],
    ]
    const result = run([process.execPath, ourScript, JSON.stringify(calls)], options)
    expect([result]).toEqual(legacy([{ calls }], options))
    expect(result).toMatchObject([{ value: { g: 1, l: 1, d: 'dot', e: 'env' } }, {}])
  })
})

describe('@adobe/aio-lib-ims reads what we write, and we what it writes', () => {
  const context = {
    client_id: 'id',
    client_secret: 'a "quoted" # secret: { with } things, \\ and 100 %',
    private_key: '-----BEGIN PRIVATE KEY-----\nAAAA\nBBBB\n-----END PRIVATE KEY-----\n',
    meta_scopes: ['a', 'b'],
    'cli.bare-output': false,
    empty: '',
    zero: 0,
    numeric: '0123',
    boolean: 'true',
    date: '2020-01-02',
    unicode: 'é – 漢字 😀 \u2028',
    list: [{ deep: [null, []] }],
    access_token: { token: 't'.repeat(2000), expiry: 1700000000000 },
  }

  test.each([
    ['JSON, global', undefined, false],
    ['JSON, local', '{"kept":1}', true],
    ['HJSON', '{ # comment\n kept: yes\n}', false],
    ['YAML', 'kept: 1\nzoo: {a: [1]}\n', false],
    ['YAML, local', 'kept: 1\n', true],
  ] as const)('%s', async (_, text, local) => {
    const place = prepare(text === undefined ? {} : local ? { local: text } : { global: text })
    const source = local ? 'local' : 'global'
    const set: Call = ['set', 'ims.contexts.mine', context, local]
    const get: readonly Call[] = [['get', 'ims.contexts', source], ['get', '', source], ['get']]

    await ours(place, [set])
    const [afterOurs] = legacy([{ ...place, calls: get }])
    expect(afterOurs).toEqual(await ours(place, get))
    expect(afterOurs).toMatchObject([{ value: { mine: context } }, {}, {}])

    legacy([{ ...place, calls: [['set', 'ims.contexts.theirs', context, local]] }])
    const afterBoth = await ours(place, get)
    expect(afterBoth).toMatchObject([{ value: { mine: context, theirs: context } }, {}, {}])

    await ours(place, [['set', 'ims.contexts.mine', null, local]])
    const [afterRemoval] = legacy([{ ...place, calls: get }])
    expect(afterRemoval).toEqual(await ours(place, get))
    expect(afterRemoval).toMatchObject([{ value: { theirs: context } }, {}, {}])
    expect(JSON.stringify(afterRemoval)).not.toContain('mine')
  })

  test('null and empty objects are left out by both', async () => {
    const value = { n: null, e: {}, deep: { e: { n: null } }, s: '', z: 0, f: false, l: [null, {}] }
    const calls: readonly Call[] = [['set', 'a', value], ['get', 'a'], ['set', 'a.s', null], ['get', 'a'], ['get']]
    expect(await ours(prepare(), calls)).toEqual(legacy([{ ...prepare(), calls }])[0])
  })

  test('an emptied file is empty for both', async () => {
    const place = prepare()
    await ours(place, [
      ['set', 'a', 1],
      ['set', 'a', null],
    ])
    expect(
      legacy([
        {
          ...place,
          calls: [
            ['get', 'a'],
            ['set', 'b', 1],
            ['set', 'b', null],
          ],
        },
      ]),
    ).toEqual([[{ missing: true }, {}, {}]])
    expect(readFileSync(join(place.env.XDG_CONFIG_HOME ?? '', 'aio'), 'utf8')).toBe('')
    expect(await ours(place, [['get']])).toEqual([{ value: {} }])
  })
})

describe('differs from @adobe/aio-lib-ims on purpose', () => {
  // each row: what the old library answers, and what we do
  const differences: ReadonlyArray<Case & { readonly old: unknown; readonly now: unknown }> = [
    {
      title: 'a variable wins over a context in mixed case, which is one context',
      global: '{"ims":{"contexts":{"Foo":{"client_id":"file"}}}}',
      env: { AIO_IMS_CONTEXTS_FOO_CLIENT__ID: 'variable' },
      calls: [
        ['get', 'ims.contexts.Foo.client_id'],
        ['get', 'ims.contexts'],
      ],
      old: [{ value: 'file' }, { value: { Foo: { client_id: 'file' }, foo: { client_id: 'variable' } } }],
      now: [{ value: 'variable' }, { value: { Foo: { client_id: 'variable' } } }],
    },
    {
      title: 'set changes the name that is there, in whatever case',
      global: '{"Foo":{"a":1}}',
      calls: [['set', 'foo.a', 2], ['get']],
      old: [{}, { value: { Foo: { a: 1 }, foo: { a: 2 } } }],
      now: [{}, { value: { Foo: { a: 2 } } }],
    },
    {
      title: '.env cannot change where the configuration is',
      global: '{"a":1}',
      dotEnv: 'AIO_CONFIG_KEY=other',
      calls: [['get', 'a']],
      old: [{ missing: true }],
      now: [{ value: 1 }],
    },
    {
      title: 'a name that is nothing but the prefix is passed over',
      env: { AIO_A: '1', AIO__: 'x' },
      calls: [['get', '', 'env']],
      old: [{ value: 'x' }],
      now: [{ value: { a: '1' } }],
    },
    {
      title: 'a path does not go through text',
      global: '{"a":"text","e":""}',
      calls: [
        ['get', 'a.0'],
        ['get', 'e.x'],
      ],
      old: [{ value: 't' }, { value: '' }],
      now: [{ missing: true }, { missing: true }],
    },
  ]

  test.each(differences.map((each) => [each.title, each] as const))('%s', async (_, { calls, old, now, ...files }) => {
    expect(legacy([{ ...prepare(files), calls }])).toEqual([old])
    expect(await ours(prepare(files), calls)).toEqual(now)
  })

  test('a damaged file is not taken for an empty one, nor overwritten', async () => {
    const broken = '{ "secret": "s3cret'
    const theirs = prepare({ global: broken })
    legacy([{ ...theirs, calls: [['set', 'b', 1]] }])
    expect(readFileSync(join(theirs.env.XDG_CONFIG_HOME ?? '', 'aio'), 'utf8')).not.toContain('s3cret')
    const mine = prepare({ global: broken })
    await expect(ours(mine, [['set', 'b', 1]])).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE' })
    expect(readFileSync(join(mine.env.XDG_CONFIG_HOME ?? '', 'aio'), 'utf8')).toBe(broken)
  })

  test('a path through a list is refused instead of turning the list into an object', async () => {
    const calls: readonly Call[] = [
      ['set', 'l.0', 'x'],
      ['get', 'l'],
    ]
    expect(legacy([{ ...prepare({ global: '{"l":[1,2]}' }), calls }])).toEqual([[{}, { value: { 0: 'x', 1: 2 } }]])
    await expect(ours(prepare({ global: '{"l":[1,2]}' }), calls)).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })

  test('plain text is not a configuration', async () => {
    const files = { global: 'just text' }
    expect(legacy([{ ...prepare(files), calls: [['get', '0']] }])).toEqual([[{ value: 'j' }]])
    await expect(ours(prepare(files), [['get', '0']])).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE' })
  })
})
