import { createPrivateKey } from 'node:crypto'
import { afresh, as, call, type Scenario, type World } from '../scenario.ts'

const getToken = (name: string, options?: object) => call('getToken', name, options)
const set = (name: string, data: unknown, local = false) => call('context.set', name, data, local)
const jwt = (more: object) => (w: World) => ({ ...w.jwt, ...more })
const server = (more: object) => (w: World) => ({ ...w.server, ...more })
const lines = (w: World) => w.jwt.private_key.trim().split('\n')

/** Each key under its name in the environment, its value as JSON text unless it is text. */
const variables = (name: string, data: (w: World) => object) => (w: World) =>
  Object.fromEntries(
    Object.entries(data(w)).map(([key, value]) => [
      `AIO_IMS_CONTEXTS_${name}_${key.toUpperCase().replaceAll('_', '__')}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )

/** Credentials without a person. */
export const machines: readonly Scenario[] = [
  {
    name: 'jwt: obtained, kept globally, reused',
    calls: [set('a', jwt({})), as('first', getToken('a')), getToken('a'), afresh(getToken('a'))],
  },
  { name: 'jwt: kept locally', calls: [set('a', jwt({}), true), getToken('a')] },
  {
    name: 'jwt: several metascopes',
    calls: [set('a', jwt({ meta_scopes: ['ent_adobeio_sdk', 'ent_user_sdk'] })), getToken('a')],
  },
  {
    name: 'jwt: metascopes as JSON text',
    calls: [set('a', jwt({ meta_scopes: '["ent_adobeio_sdk"]' })), getToken('a')],
  },
  { name: 'jwt: one metascope as text', calls: [set('a', jwt({ meta_scopes: 'ent_adobeio_sdk' })), getToken('a')] },
  { name: 'jwt: key as lines', calls: [set('a', (w: World) => ({ ...w.jwt, private_key: lines(w) })), getToken('a')] },
  {
    name: 'jwt: key as JSON text of lines',
    calls: [set('a', (w: World) => ({ ...w.jwt, private_key: JSON.stringify(lines(w)) })), getToken('a')],
  },
  {
    name: 'jwt: key in a file',
    files: { other: { 'private.key': (w: World) => w.jwt.private_key } },
    calls: [set('a', jwt({ private_key: 'private.key' })), getToken('a')],
  },
  { name: 'jwt: key in a file that is missing', calls: [set('a', jwt({ private_key: 'nowhere.key' })), getToken('a')] },
  {
    name: 'jwt: key in a file that holds none',
    files: { other: { 'private.key': 'hello' } },
    calls: [set('a', jwt({ private_key: 'private.key' })), getToken('a')],
  },
  {
    name: 'jwt: key after a line break',
    calls: [set('a', (w: World) => ({ ...w.jwt, private_key: `\n${w.jwt.private_key}` })), getToken('a')],
  },
  {
    name: 'jwt: damaged key',
    calls: [
      set('a', jwt({ private_key: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' })),
      getToken('a'),
    ],
  },
  ...(['pkcs8', 'pkcs1'] as const).flatMap((type): Scenario[] => [
    {
      name: `jwt: ${type} with a passphrase`,
      calls: [
        set('a', (w: World) => ({ ...w.jwt, private_key: encrypted(w, type), passphrase: 'open' })),
        getToken('a'),
      ],
    },
    {
      name: `jwt: ${type} with a wrong passphrase`,
      calls: [
        set('a', (w: World) => ({ ...w.jwt, private_key: encrypted(w, type), passphrase: 'shut' })),
        getToken('a'),
      ],
    },
    {
      name: `jwt: ${type} without its passphrase`,
      calls: [set('a', (w: World) => ({ ...w.jwt, private_key: encrypted(w, type) })), getToken('a')],
    },
  ]),
  {
    name: 'jwt: from variables',
    env: variables('A', (w) => ({ ...w.jwt, private_key: lines(w) })),
    calls: [getToken('a')],
  },
  { name: 'jwt: wrong secret', calls: [set('a', jwt({ client_secret: 'wrong' })), getToken('a')] },
  {
    name: 'jwt: unknown account',
    calls: [set('a', jwt({ technical_account_id: 'x@techacct.adobe.com' })), getToken('a')],
  },
  { name: 'jwt: no metascopes', calls: [set('a', jwt({ meta_scopes: [] })), getToken('a')] },
  { name: 'jwt: unknown metascope', calls: [set('a', jwt({ meta_scopes: ['ent_nothing'] })), getToken('a')] },
  { name: 'jwt: incomplete', calls: [set('a', jwt({ client_secret: undefined })), getToken('a')] },

  {
    name: 'server: obtained, kept globally, reused',
    calls: [set('a', server({})), getToken('a'), getToken('a'), afresh(getToken('a'))],
  },
  { name: 'server: kept locally', calls: [set('a', server({}), true), getToken('a')] },
  {
    name: 'server: from variables',
    env: variables('A', (w) => w.server),
    calls: [getToken('a'), afresh(getToken('a'))],
  },
  {
    name: 'server: secrets and scopes as JSON text',
    calls: [
      set('a', server({ client_secrets: '["emulator-first-secret"]', scopes: '["openid","AdobeID"]' })),
      getToken('a'),
    ],
  },
  {
    name: 'server: one secret as text',
    calls: [set('a', server({ client_secrets: 'emulator-first-secret' })), getToken('a')],
  },
  { name: 'server: scopes as text', calls: [set('a', server({ scopes: 'openid,AdobeID' })), getToken('a')] },
  { name: 'server: a client id of digits', calls: [set('a', server({ client_id: '1e3' })), getToken('a')] },
  {
    name: 'server: the first secret has gone',
    calls: [set('a', server({ client_secrets: ['gone', 'emulator-second-secret'] })), getToken('a')],
  },
  { name: 'server: no secret is right', calls: [set('a', server({ client_secrets: ['wrong'] })), getToken('a')] },
  { name: 'server: unknown client', calls: [set('a', server({ client_id: 'nobody' })), getToken('a')] },
  { name: 'server: no scopes', calls: [set('a', server({ scopes: [] })), getToken('a')] },
  { name: 'server: incomplete', calls: [set('a', server({ ims_org_id: undefined })), getToken('a')] },
  {
    name: 'server: in the environment that its context names',
    stage: true,
    calls: [set('a', server({ env: 'stage' })), getToken('a')],
  },
  {
    name: 'server: in the environment of AIO_CLI_ENV',
    stage: true,
    env: { AIO_CLI_ENV: 'stage' },
    calls: [set('a', server({})), getToken('a')],
  },
  {
    name: 'server: in an environment that there is none of',
    stage: true,
    calls: [set('a', server({ env: 'moon' })), getToken('a')],
  },
  {
    name: 'server: options over the context, for one call',
    calls: [set('a', server({})), getToken('a', { scopes: ['openid'] })],
  },
  {
    name: 'server: options that are none',
    calls: [set('a', server({})), call('getToken', 'a', 'text'), call('getToken', 'a', null)],
  },
  {
    name: 'server: the current context',
    calls: [set('a', server({})), call('context.setCurrent', 'a'), call('getToken')],
  },
  {
    name: 'getToken: a context that fits two kinds',
    calls: [set('a', (w: World) => ({ ...w.oauth, ...w.jwt })), getToken('a')],
  },
  { name: 'getToken: no such context', calls: [getToken('a'), call('getToken')] },
  { name: 'getToken: a context of no kind', calls: [set('a', { client_id: 'x' }), getToken('a')] },
  {
    name: 'server: three at once',
    calls: [set('a', server({})), call('together', 3, 'getToken', 'a')],
  },
  {
    name: 'server: IMS is busy twice',
    fault: { path: '/ims/token', status: 503, body: 'busy', times: 2, headers: { 'retry-after': '0' } },
    calls: [set('a', server({})), call('within', 6_000, 'getToken', 'a')],
  },
  {
    name: 'server: an answer without a token',
    fault: { path: '/ims/token', status: 200, body: '{}', times: 1 },
    calls: [set('a', server({})), getToken('a')],
  },
  {
    name: 'server: an answer that is no JSON',
    fault: { path: '/ims/token', status: 400, body: '<html>', times: 1 },
    calls: [set('a', server({})), getToken('a')],
  },
  {
    name: 'server: its context was given another client after its token',
    calls: [
      set('a', server({}), true),
      getToken('a'),
      call('context.get', 'a'),
      call('edit', 'a', { client_id: 'nobody' }),
      afresh(getToken('a')),
    ],
  },
]

const made = new Map<string, string>()

/** The same text each time, although encryption is salted. */
function encrypted({ jwt: { private_key } }: World, type: 'pkcs1' | 'pkcs8'): string {
  const name = type + private_key
  const key = createPrivateKey(private_key)
  const text = made.get(name) ?? String(key.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' }))
  made.set(name, text)
  return text
}
