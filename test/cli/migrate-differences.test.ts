import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { migrateProject } from '../../src/adapters/node/cli/migrate/project.ts'
import { intended } from '../differential/intended.ts'
import { newPlace } from '../kit/place.ts'

async function findings(files: Readonly<Record<string, string>>) {
  const { cwd } = newPlace()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), text)
  }
  return (await migrateProject(cwd, { write: false, version: '1.2.3' })).findings
}

const load = `const { context, getToken, invalidateToken, Ims, ValidationCache } = require('@adobe/aio-lib-ims')`

/** The rows that the second line of a file is reported for. */
async function rowsOf(line: string): Promise<string[]> {
  const found = await findings({ 'a.js': `${load}\n${line}\n` })
  expect(found.every((each) => each.line === 2)).toBe(true)
  for (const { rows, see } of found) expect(see).toEqual(rows.map((row) => `docs/migrating.md#${row}`))
  return found.flatMap(({ rows }) => rows).sort()
}

/** A line for each row of the table of differences that code can show. */
const lines: Readonly<Record<string, string>> = {
  'error-classes': 'if (error instanceof IMSLibError) f()',
  'error-codes': 'const status = Number(/^(\\d+)/.exec(error.message)[1])',
  'user-agent': `expect(request.headers['user-agent']).toBe('aio-cli-ims')`,
  urlencoded: `nock(url).matchHeader('content-type', 'multipart/form-data').reply(200)`,
  'token-v3': `nock(url).post('/ims/token/v1').reply(200)`,
  'refresh-scope': `nock(url).post('/ims/token/v2').reply(200)`,
  cascading: `expect(body.get('cascading')).toBe('all')`,
  case: `context.set('Mine', a); context.get('mine')`,
  'dotted-name': `context.set('a.b', { client_id: 'c' })`,
  'context-data': `context.set('a', 'text')`,
  'metascope-text': `context.set('a', { meta_scopes: 'ent_adobeio_sdk' })`,
  'key-file-missing': `if (error.code === 'ENOENT') f()`,
  'values-as-text': `context.set('a', { client_secrets: 's', scopes: 'openid' })`,
  'secret-rotation': `context.set('a', { client_secrets: ['s', 't'], scopes: ['openid'] })`,
  'no-scopes': `context.set('a', { client_secrets: ['s'] })`,
  'unknown-env': `context.set('a', { env: 'development' })`,
  'options-own-token': `getToken('a', { scopes: ['openid'] })`,
  'own-login': `context.set('a', { client_id: 'c', client_secret: 's', scope: 'openid' })`,
  'ci-code': `if (error.code === 'IMSOAUTHCLI_LOGIN_CI_ERROR') f()`,
  'ci-open': `getToken('a', { open: false })`,
  'no-terminal': `getToken('cli')`,
  'invalidate-both': `invalidateToken('a', true)`,
  'invalidate-last-minutes': `invalidateToken('a')`,
  'invalidate-current': 'invalidateToken()',
  'invalidate-refused': `invalidateToken('a')`,
  'invalidate-without-secret': `invalidateToken('a')`,
  'undefined-parameters': `new Ims('prod').getAccessToken(code, id, secret, undefined)`,
  'validate-with-cache': 'new Ims(env, new ValidationCache(1, 2, 3))',
  'cache-own-answer': 'new Ims(env, new ValidationCache(1, 2, 3))',
  'cache-limits': 'new Ims(env, new ValidationCache())',
  'no-verdict': `new Ims('prod').validateToken(token)`,
  'refused-token': 'this.ims = new Ims(); this.ims.validateTokenAllowList(token, ids)',
  'post-forms': `const ims = new Ims('prod'); ims.post('/ims/x', token, {})`,
  'get-parameters': `const ims = new Ims('prod'); ims.get('/ims/x', token, { a: 1 })`,
  'api-path': `const { ims } = Ims.fromToken(token); Ims.fromToken(token).get('ims/x', token)`,
  'error-json': 'getToken().catch((error) => log(JSON.stringify(error)))',
  'other-environments': 'Ims.fromToken(token)',
  state: `exports.main = async (params) => getToken('a')`,
  'state-refuses': `export async function main(params) { return getToken('a') }`,
  'any-2xx': `const ims = new Ims('prod'); ims.get('/ims/x', token)`,
}

/** Shown by a `.env` file beside the code. */
const ofDotEnv = ['dotenv-places', 'dotenv-env']

/** What happens to requests, files and errors whatever the code says. */
const unseen = [
  'token-notes',
  'file-mode',
  'unreadable-file',
  'empty-file',
  'key-blanks',
  'one-request',
  'post-retried',
  'edited-context',
  'refresh-to-the-end',
  'opaque-refresh',
]

describe('the table of differences', () => {
  test('has a finder for each row, but for those that no code shows', () => {
    const rows = intended.map(({ id }) => id).sort()
    expect([...Object.keys(lines), ...ofDotEnv, ...unseen].sort()).toEqual(rows)
  })

  test.each(Object.entries(lines))('%s is found in: %s', async (row, line) => {
    expect(await rowsOf(line)).toContain(row)
  })

  test.each([
    `context.set('a', { client_id: 'c', client_secrets: ['s'], scopes: ['openid'], env: 'stage' })`,
    `context.set('a', { ...data, client_secrets: ['s'] }); context.set('b', undefined)`,
    `getToken('a'); getToken('cli', { interaction: 'none' })`,
    'const cache = new Map(); cache.get("a", 1, 2); other.post("x", undefined)',
    '[1].map((context) => context.set("a.b", "text"))',
    'function f({ getToken }) { getToken("cli") } try { f() } catch (invalidateToken) { invalidateToken() }',
    'log(error.message, JSON.stringify(data)); name.message.includes("a")',
    'if (error instanceof TypeError) f()',
  ])('nothing is found in: %s', async (line) => {
    expect(await rowsOf(line)).toEqual([])
  })

  test.each([
    `import { getToken as get } from '@adobe/aio-lib-ims'\nget('cli')`,
    `import * as ims from '@adobe/aio-lib-ims'\nims.getToken('cli')`,
    `import ims from '@adobe/aio-lib-ims'\nims?.['getToken']('cli')`,
    `import ims = require('@adobe/aio-lib-ims')\nims.getToken('cli' as string)`,
    `const ims = require('@adobe/aio-lib-ims')\n;(0, ims.getToken)('cli')`,
    `const ims = __importDefault(require('@adobe/aio-lib-ims'))\nims.default.getToken('cli')`,
    `const { getToken: get = f } = await import('@adobe/aio-lib-ims')\nget('cli')`,
    `const ims = require('@adobe/aio-lib-ims'), { getToken: get } = ims, again = get\nagain('cli')`,
    `const get = require('@adobe/aio-lib-ims').getToken\nget('cli')`,
    `const { getToken: get } = require('@adobe/aio-lib-ims'), { CLI } = require('@adobe/aio-lib-ims/src/context')\nget(CLI)`,
    `import { getToken } from 'imskit'\ngetToken('$cli')`,
    `\nrequire('@adobe/aio-lib-ims').getToken('cli')`,
  ])('an export is known by any name: %s', async (text) => {
    const name = text.includes('as string') ? 'a.ts' : 'a.js'
    const expected = text.includes('as string') ? [] : [{ line: 2, rows: ['no-terminal'] }]
    expect(await findings({ [name]: text })).toMatchObject(expected)
  })

  test('the context of the deep path is one too', async () => {
    const text = `const { getContext } = require('@adobe/aio-lib-ims/src/context')\ngetContext().set('a.b', {})`
    expect(await findings({ 'a.js': text })).toMatchObject([{ line: 2, rows: ['dotted-name'] }])
  })

  test('what was found is found again after the specifiers have changed', async () => {
    const text = `${load}\n${Object.values(lines)
      .filter((line) => !line.startsWith('export '))
      .map((line) => `{ ${line} }`)
      .join('\n')}`
    const before = await findings({ 'a.js': text })
    expect(await findings({ 'a.js': text.replace('@adobe/aio-lib-ims', 'imskit') })).toEqual(before)
  })
})

describe('.env', () => {
  const env = 'CLIENT_ID=1\nAIO_IMS_CONTEXTS_A=2\n\n# OLD=1\nexport XDG_CONFIG_HOME = /x\n'

  test('says where the global file is: refused', async () => {
    expect(await findings({ '.env': env, 'a.js': load })).toMatchObject([
      { file: '.env', line: 5, level: 'change', rows: ['dotenv-places'] },
    ])
    expect(await findings({ '.env': env, 'a.js': 'f()' })).toEqual([])
  })

  test('sets a variable that the code reads, in a file with or without the library', async () => {
    const read =
      'const a = process.env.CLIENT_ID, { CLIENT_ID: b } = process.env, c = process.env.OTHER, d = process.env.AIO_IMS_CONTEXTS_A'
    const found = (await findings({ '.env': env, 'a.js': load, 'b.ts': read })).filter(({ file }) => file === 'b.ts')
    expect(found).toMatchObject([
      { column: 11, rows: ['dotenv-env'] },
      { column: 36, rows: ['dotenv-env'] },
    ])
  })

  test.each([
    { 'c.js': `require('dotenv').config()` },
    { 'c.mjs': `import 'dotenv/config'` },
    { 'package.json': '{ "scripts": { "start": "node --env-file=.env a.js" } }' },
  ])('is copied by the program itself: %o', async (more) => {
    const found = await findings({ '.env': 'CLIENT_ID=1', 'a.js': `${load}\nprocess.env.CLIENT_ID`, ...more })
    expect(found).toEqual([])
  })
})

describe('other libraries', () => {
  const todo = async (text: string) => (await findings({ 'a.js': text })).map(({ line, see }) => `${line} ${see}`)
  const [coreAuth, jwt] = ['docs/migrating.md#from-adobeaio-lib-core-auth', 'docs/migrating.md#from-jsonwebtoken']

  test('@adobe/aio-lib-core-auth: its import, its calls, its errors', async () => {
    const text = `import { generateAccessToken, invalidateCache as clear } from '@adobe/aio-lib-core-auth'
      try { await generateAccessToken(params) } catch (error) {
        if (error.code === 'IMS_TOKEN_ERROR') log(
          error.sdkDetails.statusCode)
      }
      clear()`
    expect(await todo(text)).toEqual([1, 2, 3, 4, 6].map((line) => `${line} ${coreAuth}`))
  })

  test('@adobe/jwt-auth: its import and its calls', async () => {
    expect(await todo(`const auth = require('@adobe/jwt-auth')\nauth(config).then(f)`)).toEqual([
      `1 ${jwt}`,
      `2 ${jwt}`,
    ])
    expect(await todo(`import auth from '@adobe/jwt-auth'\n\nauth(config)`)).toEqual([`1 ${jwt}`, `3 ${jwt}`])
  })

  test('jsonwebtoken, in a file that is about IMS', async () => {
    const sign = `const jwt = require('jsonwebtoken')\nconst a = jwt.sign({ aud }, key)\njwt.verify(a, key)\njwt.decode(a)\n`
    expect(await todo(sign)).toEqual([])
    for (const about of ['"https://ims-na1.adobelogin.com"', '"/s/ent_adobeio_sdk"', 'body = { jwt_token: a }'])
      expect(await todo(sign + about)).toEqual([`2 ${jwt}`, `3 ${jwt}`, `4 ${jwt}`])
  })
})
