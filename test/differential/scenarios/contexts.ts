import { afresh, call, type Scenario } from '../scenario.ts'

const ctx = (contexts: object, more: object = {}) => ({ ims: { contexts, ...more } })
const get = (name?: string) => call('context.get', name)
const plain = { client_id: 'x', scope: 'openid', list: ['a', 'b'], deep: { n: 1, yes: true } }

/** Where contexts come from, which of them wins, and where they go. */
export const contexts: readonly Scenario[] = [
  {
    name: 'contexts: global alone',
    files: { global: ctx({ a: plain }) },
    calls: [get('a'), call('context.keys'), get('b')],
  },
  { name: 'contexts: local alone', files: { local: ctx({ a: plain }) }, calls: [get('a'), call('context.keys')] },
  {
    name: 'contexts: local over global, merged',
    files: {
      global: ctx({ a: { ...plain, only: 'global' }, g: { n: 1 } }),
      local: ctx({ a: { client_id: 'y', list: ['c'], deep: { n: 2 } }, l: { n: 2 } }),
    },
    calls: [get('a'), get('g'), get('l'), call('context.keys')],
  },
  {
    name: 'contexts: variables over .env over local over global',
    files: {
      global: ctx({ a: { one: 'global', two: 'global', three: 'global', four: 'global' } }),
      local: ctx({ a: { two: 'local', three: 'local', four: 'local' } }),
      dotenv: 'AIO_IMS_CONTEXTS_A_THREE=dotenv\nAIO_IMS_CONTEXTS_A_FOUR=dotenv\n',
    },
    env: { AIO_IMS_CONTEXTS_A_FOUR: 'variable' },
    calls: [get('a'), call('context.keys')],
  },
  {
    name: 'contexts: names of variables',
    env: {
      AIO_IMS_CONTEXTS_MY__CTX_CLIENT__ID: 'one',
      'AIO_IMS_CONTEXTS_my-CTX_Client__Secret': 'two',
      AIO_IMS_CONTEXTS_N___M: 'three',
      AIO_IMS_CONTEXTS_E_: 'four',
      aio_ims_contexts_low_id: 'five',
    },
    calls: [call('context.keys'), get('my_ctx'), get('my-ctx'), get('low')],
  },
  {
    name: 'contexts: names in .env, lower and mixed case, quotes, export and comments',
    files: {
      dotenv:
        '# c\naio_ims_contexts_a_one=1\nAio_Ims_Contexts_A_Two="2 # no comment"\nexport AIO_IMS_CONTEXTS_A_THREE=3 # c\n',
    },
    calls: [get('a')],
  },
  {
    name: 'contexts: a scalar and an object of one name in variables',
    env: { AIO_IMS_CONTEXTS_A: '1', AIO_IMS_CONTEXTS_A_B: '2' },
    calls: [get('a')],
  },
  {
    name: 'contexts: YAML',
    files: { local: 'ims:\n  contexts:\n    a:\n      client_id: x\n      list: [a, b]\n      n: 1\n' },
    calls: [get('a'), call('context.set', 'b', { n: 2 }, true), get('b')],
  },
  {
    name: 'contexts: HJSON with comments and bare words',
    files: { global: '{\n  # words\n  ims: { contexts: { a: {\n    client_id: x y z\n    n: 1\n  } } }\n}\n' },
    calls: [get('a'), call('context.set', 'b', { n: 2 }), get('b')],
  },
  { name: 'contexts: YAML that is text alone', files: { local: 'hello\n' }, calls: [get('a'), call('context.keys')] },
  { name: 'contexts: empty files', files: { local: ' \n', global: '' }, calls: [get('a'), call('context.keys')] },
  {
    name: 'contexts: a broken file is read',
    files: { local: '{ ims: { contexts: [', global: ctx({ a: plain }) },
    calls: [get('a'), call('context.keys')],
  },
  {
    name: 'contexts: a broken file is written to',
    files: { local: '{ ims: { contexts: [' },
    calls: [call('context.set', 'a', { n: 1 }, true)],
  },
  {
    name: 'contexts: mixed case in files',
    files: { global: ctx({ Foo: { Client_Id: 'x' } }) },
    calls: [get('foo'), get('FOO'), call('context.keys')],
  },
  {
    name: 'contexts: a variable over a context in mixed case',
    files: { global: ctx({ Foo: { client_id: 'file' } }) },
    env: { AIO_IMS_CONTEXTS_FOO_CLIENT__ID: 'variable' },
    calls: [get('foo'), get('Foo'), call('context.keys')],
  },
  {
    name: 'contexts: set in another case than it has',
    files: { local: ctx({ Foo: { n: 1 } }) },
    calls: [call('context.set', 'foo', { n: 2 }, true), get('foo'), call('context.keys')],
  },
  {
    name: 'contexts: a dotted name that lies in the file',
    files: { global: ctx({ 'a.b': { n: 1 }, c: { d: 2 } }) },
    calls: [get('a.b'), get('c.d'), call('context.keys')],
  },
  {
    name: 'contexts: a dotted name is set',
    files: { local: ctx({ c: { n: 1 } }) },
    calls: [call('context.set', 'c.d', { n: 2 }, true), get('c'), get('c.d'), call('context.keys')],
  },
  {
    name: 'contexts: AIO_CONFIG_FILE',
    env: { AIO_CONFIG_FILE: '<place>/elsewhere' },
    calls: [call('context.set', 'a', { n: 1 }), get('a')],
  },
  {
    name: 'contexts: XDG_CONFIG_HOME',
    files: { global: ctx({ a: { n: 1 } }) },
    env: { XDG_CONFIG_HOME: '<place>/home/other' },
    calls: [get('a'), call('context.keys')],
  },
  {
    name: 'contexts: AIO_CONFIG_KEY',
    env: { AIO_CONFIG_KEY: 'own', OWN_IMS_CONTEXTS_A_N: '1', AIO_IMS_CONTEXTS_B_N: '2' },
    calls: [call('context.keys'), get('a')],
  },
  {
    name: 'contexts: .env that names another global file',
    files: {
      global: ctx({ a: { n: 1 } }),
      dotenv: 'AIO_CONFIG_FILE=evil\n',
      other: { evil: '{"ims":{"contexts":{"b":{"n":2}}}}' },
    },
    calls: [call('context.keys')],
  },
  {
    name: 'contexts: set and get, in either place',
    calls: [
      call('context.set', 'a', plain),
      call('context.set', 'b', plain, true),
      get('a'),
      get('b'),
      call('context.set', 'a', { n: 1 }),
      get('a'),
      call('context.keys'),
      afresh(get('b')),
    ],
  },
  {
    name: 'contexts: set in files that hold other things',
    files: { global: { other: { kept: 1 }, ims: { contexts: { z: { n: 1 } } } }, local: 'other: kept\n' },
    calls: [call('context.set', 'a', plain), call('context.set', 'a', { n: 1 }, true)],
  },
  {
    name: 'contexts: removed by nothing',
    files: { local: ctx({ a: plain, b: plain }), global: ctx({ a: { n: 1 } }) },
    calls: [
      call('context.set', 'a', undefined, true),
      get('a'),
      call('context.set', 'b', null, true),
      call('context.keys'),
    ],
  },
  {
    name: 'contexts: empty values are set',
    calls: [call('context.set', 'a', { n: null, e: {}, t: '', f: false, z: 0, l: [] }), get('a')],
  },
  {
    name: 'contexts: the current one',
    calls: [
      call('context.getCurrent'),
      get(),
      call('context.set', undefined, { n: 1 }),
      call('context.setCurrent', 'a'),
      call('context.set', undefined, { n: 1 }),
      call('context.set', '', { n: 2 }, true),
      get(),
      get(''),
      afresh(call('context.getCurrent')),
    ],
  },
  {
    name: 'contexts: the current one from a variable',
    files: { local: ctx({ a: { n: 1 }, b: { n: 2 } }, { config: { current: 'a' } }) },
    env: { AIO_IMS_CONFIG_CURRENT: 'b' },
    calls: [call('context.getCurrent'), get()],
  },
  {
    name: 'contexts: data that is none',
    calls: [call('context.set', 'a', 'text'), get('a'), call('context.setCli', 'text'), call('context.setCli', null)],
  },
  {
    name: 'contexts: the cli shortcut',
    calls: [
      call('context.getCli'),
      call('context.setCli', { 'cli.bare-output': true, a: 1 }),
      call('context.setCli', { b: 2 }),
      call('context.setCli', { c: 3 }, true),
      call('context.getCli'),
      call('context.setCli', { d: 4 }, true, false),
      afresh(call('context.getCli')),
      call('context.keys'),
    ],
  },
]
