import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import hjson from 'hjson'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bundle, removeDirectory, run, temporaryDirectory } from '../fixtures/scripts.ts'

// the published @adobe/aio-lib-core-config reads the files once and writes its whole copy back at every `set`

const published = fileURLToPath(import.meta.resolve('@adobe/aio-lib-core-config'))
const packages = join(dirname(published), '../../..')
let scripts: string
let script: string
/** Another copy of the package, as npm installs one below a plug-in. */
let nested: string
let root: string

beforeAll(async () => {
  scripts = temporaryDirectory()
  script = await bundle('beside-core-config.ts', scripts)
  const modules = join(scripts, 'plug-in', 'node_modules')
  cpSync(join(packages, '@adobe/aio-lib-core-config'), join(modules, '@adobe/aio-lib-core-config'), { recursive: true })
  for (const name of ['debug', 'deepmerge', 'dotenv', 'hjson', 'js-yaml', 'ms', 'argparse'])
    symlinkSync(join(packages, name), join(modules, name))
  nested = join(modules, '@adobe/aio-lib-core-config/src/index.js')
})
afterAll(() => removeDirectory(scripts))
beforeEach(() => {
  root = temporaryDirectory()
  mkdirSync(join(root, 'project'))
})
afterEach(() => removeDirectory(root))

const tree = (name: string) => hjson.parse(readFileSync(join(root, name), 'utf8'))
const env = () => ({ HOME: root, AIO_CONFIG_FILE: join(root, 'global') })
const doSteps = (...steps: unknown[][]) =>
  run([process.execPath, script, JSON.stringify(steps)], { cwd: join(root, 'project'), env: env() }) as unknown[]

const tokens = { access_token: { token: 'NEW', expiry: 9e12 }, refresh_token: { token: 'NEW-REFRESH', expiry: 9e12 } }
const written = { 'cli.bare-output': false, ...tokens }

describe('next to aio-lib-core-config in one process', () => {
  test('it is notified of every write, so its next write keeps what was written here', () => {
    const [before, org, seen, cli] = doSteps(
      ['load', published],
      [0, 'get', 'console.org'],
      ['context', 'setCli', written],
      [0, 'set', 'console.org', 'acme'],
      [0, 'get', 'console.org'],
      [0, 'get', 'ims.contexts.cli.access_token.token'],
      ['context', 'getCli'],
    )
    expect([before, org, seen, cli]).toEqual([null, 'acme', 'NEW', written])
    expect(tree('global')).toEqual({ console: { org: 'acme' }, ims: { contexts: { cli: written } } })
  })

  test('what it writes is seen and kept here, in either order, in both files', () => {
    doSteps(
      ['load', published],
      [0, 'set', 'console.org', 'first', true],
      ['context', 'set', 'mine', { client_id: 'c' }, true],
      [0, 'set', 'console.org', 'second', true],
      ['context', 'setCurrent', 'mine'],
      [0, 'set', 'ims.contexts.mine.scope', 'openid', true],
      ['context', 'set', 'other', { client_id: 'd' }, true],
      [0, 'set', 'last', 1, true],
    )
    expect(tree('project/.aio')).toEqual({
      console: { org: 'second' },
      ims: {
        config: { current: 'mine' },
        contexts: { mine: { client_id: 'c', scope: 'openid' }, other: { client_id: 'd' } },
      },
      last: 1,
    })
  })

  test('every copy that is loaded is notified', () => {
    const [first, second] = doSteps(
      ['load', published],
      ['load', nested],
      [0, 'get', ''],
      [1, 'get', ''],
      ['context', 'setCli', written],
      [0, 'get', 'ims.contexts.cli.refresh_token.token'],
      [1, 'set', 'other', 'x'],
      [1, 'get', 'ims.contexts.cli.refresh_token.token'],
    ).slice(-2)
    expect([first, second]).toEqual(['NEW-REFRESH', 'NEW-REFRESH'])
    expect(tree('global')).toEqual({ ims: { contexts: { cli: written } }, other: 'x' })
  })

  test('a variable that it copied from .env still counts as of the working directory', () => {
    writeFileSync(join(root, 'project/.env'), 'AIO_ims_config_endpoint=http://127.0.0.1:9\n')
    writeFileSync(
      join(root, 'global'),
      '{"ims":{"contexts":{"mine":{"client_id":"c","client_secret":"s","scope":"openid"}}}}',
    )
    const [copied, code] = doSteps(
      ['load', published],
      [0, 'get', 'ims.config.endpoint', 'env'],
      ['ims', 'getToken', 'mine', { interaction: 'none' }],
    )
    expect([copied, code]).toEqual(['http://127.0.0.1:9', 'UNTRUSTED_SOURCE'])
  })
})
