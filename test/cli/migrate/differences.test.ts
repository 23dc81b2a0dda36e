import { describe, expect, test } from 'vitest'
import { intended } from '../../differential/intended.ts'
import { findings, load } from './kit.ts'

/** The rows in the findings for the second line of a file. */
async function rowsOf(line: string): Promise<string[]> {
  const found = await findings({ 'a.js': `${load}\n${line}\n` })
  expect(found.every((each) => each.line === 2)).toBe(true)
  for (const { rows, see } of found) expect(see).toEqual(rows.map((row) => `docs/migrating.md#${row}`))
  return found.flatMap(({ rows }) => rows).sort()
}

/** A line for each row of the table of differences that code can reveal. */
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

/** Revealed by a `.env` file and the code together. */
const ofDotEnv = ['dotenv-places', 'dotenv-env']

/** Differences in requests, files and errors that no code reveals. */
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
  test('has a finding for each row that code can reveal', () => {
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
  ])('no finding in: %s', async (line) => {
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
  ])('an export is recognized under any name: %s', async (text) => {
    const name = text.includes('as string') ? 'a.ts' : 'a.js'
    const expected = text.includes('as string') ? [] : [{ line: 2, rows: ['no-terminal'] }]
    expect(await findings({ [name]: text })).toMatchObject(expected)
  })

  test('the context of the deep path is recognized', async () => {
    const text = `const { getContext } = require('@adobe/aio-lib-ims/src/context')\ngetContext().set('a.b', {})`
    expect(await findings({ 'a.js': text })).toMatchObject([{ line: 2, rows: ['dotted-name'] }])
  })

  test('the findings are the same after the specifiers were replaced', async () => {
    const text = `${load}\n${Object.values(lines)
      .filter((line) => !line.startsWith('export '))
      .map((line) => `{ ${line} }`)
      .join('\n')}`
    const before = await findings({ 'a.js': text })
    expect(await findings({ 'a.js': text.replace('@adobe/aio-lib-ims', 'imskit') })).toEqual(before)
  })
})
