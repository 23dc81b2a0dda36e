import { afresh, call, inMinutes, person, type Scenario, type World } from '../scenario.ts'

const set = (name: string, data: unknown, local = false) => call('context.set', name, data, local)
const getToken = (name: string, options: object = { interaction: 'none' }) => call('getToken', name, options)
const machine =
  (minutes: number, more: object = {}) =>
  (w: World) => ({
    ...w.server,
    access_token: { token: w.machine.token, expiry: inMinutes(minutes), ...more },
  })
const access = (minutes: number) => (w: World) => ({ token: w.person.access_token.token, expiry: inMinutes(minutes) })
const refresh = (minutes: number) => (w: World) => ({ token: w.person.refresh_token.token, expiry: inMinutes(minutes) })
const oauth = (more: object) => (w: World) => ({ ...w.oauth, ...more })
const both = oauth({ access_token: access(60), refresh_token: refresh(600) })
const invalidate = (name?: string, force?: boolean) => call('invalidateToken', name, force)

/** Tokens that are there already: used, renewed and ended. */
export const keptTokens: readonly Scenario[] = [
  { name: 'kept: an hour left', calls: [set('a', machine(60)), getToken('a')] },
  { name: 'kept: eleven minutes left', calls: [set('a', machine(11)), getToken('a')] },
  { name: 'kept: a little under ten minutes left', calls: [set('a', machine(9.9)), getToken('a')] },
  { name: 'kept: expired', calls: [set('a', machine(-1)), getToken('a')] },
  {
    name: 'kept: expiry as text',
    calls: [set('a', machine(60, { expiry: (w: World) => String(w.machine.expiry) })), getToken('a')],
  },
  { name: 'kept: expiry that is none', calls: [set('a', machine(60, { expiry: 'soon' })), getToken('a')] },
  { name: 'kept: a token that is no text', calls: [set('a', machine(60, { token: 1 })), getToken('a')] },
  {
    name: 'kept: a token that is the value itself',
    calls: [set('a', (w: World) => ({ ...w.server, access_token: w.machine.token })), getToken('a')],
  },
  { name: 'kept: an opaque token', calls: [set('a', machine(60, { token: 'opaque' })), getToken('a')] },
  {
    name: 'kept: in a context of no kind',
    calls: [set('a', (w: World) => ({ access_token: w.machine })), getToken('a')],
  },
  {
    name: 'kept: in a context of no kind, five minutes left',
    calls: [set('a', (w: World) => ({ access_token: { ...w.machine, expiry: inMinutes(5) } })), getToken('a')],
  },
  {
    name: 'kept: in variables alone',
    env: (w: World) => ({
      AIO_IMS_CONTEXTS_A_ACCESS__TOKEN_TOKEN: w.machine.token,
      AIO_IMS_CONTEXTS_A_ACCESS__TOKEN_EXPIRY: String(w.machine.expiry),
    }),
    calls: [getToken('a')],
  },
  {
    name: 'kept: in the cli context, in variables alone',
    env: (w: World) => ({
      AIO_IMS_CONTEXTS_CLI_ACCESS__TOKEN_TOKEN: w.person.access_token.token,
      AIO_IMS_CONTEXTS_CLI_ACCESS__TOKEN_EXPIRY: String(w.person.access_token.expiry),
    }),
    calls: [getToken('cli'), call('context.getCli')],
  },
  {
    name: 'kept: by a context that is in both files',
    files: {
      global: (w: World) => ({ ims: { contexts: { a: w.server } } }),
      local: { ims: { contexts: { a: { note: 1 } } } },
    },
    calls: [getToken('a')],
  },
  {
    name: 'kept: by a context in mixed case',
    files: { global: (w: World) => ({ ims: { contexts: { Foo: w.server } } }) },
    calls: [getToken('foo'), afresh(getToken('Foo'))],
  },
  {
    name: 'kept: where the global file cannot be written',
    files: { global: {} },
    env: { AIO_CONFIG_FILE: '<place>/home/.config/aio/below' },
    calls: [set('a', (w: World) => w.server, true), getToken('a')],
  },

  {
    name: 'refresh: an expired access token',
    calls: [set('a', oauth({ access_token: access(-1), refresh_token: refresh(600) })), getToken('a')],
  },
  {
    name: 'refresh: no access token, kept locally',
    calls: [set('a', oauth({ refresh_token: refresh(600) }), true), getToken('a'), afresh(getToken('a'))],
  },
  {
    name: 'refresh: five minutes left of the refresh token',
    calls: [set('a', oauth({ refresh_token: refresh(5) })), person(getToken('a', {}))],
  },
  {
    name: 'refresh: the refresh token is refused',
    calls: [
      set(
        'a',
        oauth({
          refresh_token: {
            token: 'eyJhbGciOiJSUzI1NiJ9.eyJ0eXBlIjoicmVmcmVzaF90b2tlbiJ9.AAAA',
            expiry: inMinutes(600),
          },
        }),
      ),
      person(getToken('a', {})),
    ],
  },
  {
    name: 'refresh: an opaque refresh token that is refused',
    calls: [set('a', oauth({ refresh_token: { token: 'opaque', expiry: inMinutes(600) } })), person(getToken('a', {}))],
  },
  { name: 'refresh: an hour left of the access token', calls: [set('a', both), getToken('a')] },

  { name: 'invalidate: the access token', calls: [set('a', both), invalidate('a'), call('context.get', 'a')] },
  { name: 'invalidate: by force', calls: [set('a', both, true), invalidate('a', true), call('context.get', 'a')] },
  {
    name: 'invalidate: by force, an access token alone',
    calls: [set('a', oauth({ access_token: access(60) })), invalidate('a', true)],
  },
  {
    name: 'invalidate: by force, a refresh token alone',
    calls: [set('a', oauth({ refresh_token: refresh(600) })), invalidate('a', true)],
  },
  {
    name: 'invalidate: a refresh token alone',
    calls: [set('a', oauth({ refresh_token: refresh(600) })), invalidate('a')],
  },
  { name: 'invalidate: nothing', calls: [set('a', oauth({})), invalidate('a'), invalidate('a', true)] },
  { name: 'invalidate: expired', calls: [set('a', oauth({ access_token: access(-1) })), invalidate('a')] },
  { name: 'invalidate: five minutes left', calls: [set('a', oauth({ access_token: access(5) })), invalidate('a')] },
  { name: 'invalidate: no such context', calls: [invalidate('a'), invalidate()] },
  {
    name: 'invalidate: the current context',
    calls: [set('a', both), call('context.setCurrent', 'a'), invalidate(), call('context.get', 'a')],
  },
  { name: 'invalidate: a server-to-server token', calls: [set('a', machine(60)), invalidate('a')] },
  {
    name: 'invalidate: a context without a secret',
    calls: [
      set('cli', (w: World) => ({ 'cli.bare-output': true, access_token: w.person.access_token })),
      invalidate('cli'),
    ],
  },
  {
    name: 'invalidate: token locally, context globally',
    files: {
      global: (w: World) => ({ ims: { contexts: { a: w.oauth } } }),
      local: { ims: { contexts: { a: { access_token: access(60) } } } },
    },
    calls: [invalidate('a')],
  },
  {
    name: 'invalidate: wrong secret',
    calls: [
      set('a', (w: World) => ({ ...w.oauth, client_secret: 'wrong', access_token: access(60) })),
      invalidate('a'),
      call('context.get', 'a'),
    ],
  },

  {
    name: 'login: oauth by code',
    calls: [set('a', oauth({ bare: true })), person(getToken('a', {})), afresh(getToken('a'))],
  },
  {
    name: 'login: cli through the relay',
    calls: [call('context.setCli', { 'cli.bare-output': true }), person(getToken('cli', {})), afresh(getToken('cli'))],
  },
  {
    name: 'login: in CI',
    env: { CI: 'true' },
    calls: [set('a', oauth({})), call('getToken', 'a')],
  },
  {
    name: 'login: without a terminal',
    calls: [set('a', oauth({})), call('getToken', 'a', { timeout: 1 })],
  },
  {
    name: 'login: in CI, with open',
    env: { CI: 'true' },
    calls: [set('a', oauth({})), call('getToken', 'a', { open: false, timeout: 1 })],
  },
  {
    name: 'login: nobody comes',
    calls: [set('a', oauth({})), call('getToken', 'a', { interaction: 'login', open: false, timeout: 1 })],
  },
]
