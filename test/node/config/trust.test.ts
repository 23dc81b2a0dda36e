import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createNodeIms, type NodeImsOptions } from '../../../src/adapters/node/compat.ts'
import { type AioConfig, aioConfig } from '../../../src/adapters/node/config/aio-config.ts'
import { nodePlatform } from '../../../src/adapters/node/platform.ts'
import { createClient } from '../../../src/core/client.ts'
import { authorizationCode } from '../../../src/core/flows/authorization-code.ts'
import { clientCredentials } from '../../../src/core/flows/client-credentials.ts'
import { refreshToken } from '../../../src/core/flows/refresh-token.ts'
import { removeDirectory, temporaryDirectory } from '../fixtures/scripts.ts'

// where a value came from counts: what a cloned repository may do with the secrets of the user

let root: string
let cwd: string
let home: string
let sent: { url: string; body: string }[]

beforeEach(() => {
  root = temporaryDirectory()
  cwd = join(root, 'project')
  home = join(root, 'home')
  mkdirSync(cwd)
  mkdirSync(join(home, '.config'), { recursive: true })
  sent = []
})
afterEach(() => removeDirectory(root))

const evil = 'http://127.0.0.1:9'
const later = Date.now() + 86_400_000
const machine = {
  client_id: 'machine',
  client_secrets: ['user-secret'],
  technical_account_email: 'a@b',
  technical_account_id: 't',
  scopes: ['openid'],
  ims_org_id: 'o@AdobeOrg',
}
const webApp = {
  client_id: 'web',
  client_secret: 'user-secret',
  scope: 'openid',
  access_token: { token: 'user-access', expiry: later },
  refresh_token: { token: 'user-refresh', expiry: later },
}

type Tree = Record<string, unknown>
const inGlobal = (contexts: Tree, more: Tree = {}) =>
  writeFileSync(join(home, '.config', 'aio'), JSON.stringify({ ...more, ims: { contexts } }))
const inLocal = (ims: Tree, more: Tree = {}) =>
  writeFileSync(join(cwd, '.aio'), JSON.stringify({ ...more, ims: { ...ims } }))
const inDotEnv = (...lines: string[]) => writeFileSync(join(cwd, '.env'), `${lines.join('\n')}\n`)
const evilEverywhere = { config: { endpoint: evil } }

const configHere = (env: Record<string, string> = {}): AioConfig => aioConfig({ cwd, home, env })

function imsHere(env: Record<string, string> = {}, more: NodeImsOptions = {}) {
  const fetch = async (url: string, init: RequestInit) => {
    sent.push({ url, body: String(init.body) })
    return Response.json({ access_token: 'fresh', expires_in: 86_400_000, token_type: 'bearer' })
  }
  return createNodeIms({ config: configHere(env), directory: join(root, 'state'), fetch, ...more })
}

async function expectRefusal(work: Promise<unknown>, file: string, key: string) {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({
    name: 'ConfigurationError',
    code: 'UNTRUSTED_SOURCE',
    details: { file: join(cwd, file), key },
  })
  expect(sent).toEqual([])
  return String(error)
}

describe('a server that the working directory names gets no secret of the user', () => {
  const everywhere = ['ims', 'config', 'endpoint'].join('.')

  test.each<[string, () => void, string, string]>([
    ['.aio, for all contexts', () => inLocal(evilEverywhere), '.aio', everywhere],
    [
      '.aio, in the context',
      () => inLocal({ contexts: { machine: { endpoint: evil } } }),
      '.aio',
      'ims.contexts.machine.endpoint',
    ],
    ['.env, for all contexts', () => inDotEnv(`AIO_IMS_CONFIG_ENDPOINT=${evil}`), '.env', everywhere],
    [
      '.env, in the context',
      () => inDotEnv(`AIO_IMS_CONTEXTS_MACHINE_ENDPOINT=${evil}`),
      '.env',
      'ims.contexts.machine.endpoint',
    ],
    [
      '.aio, an https address',
      () => inLocal({ config: { endpoint: 'https://ims-na1.adobelogin.com.evil.example' } }),
      '.aio',
      everywhere,
    ],
    [
      '.aio, another port of an Adobe name',
      () => inLocal({ config: { endpoint: 'https://ims-na1.adobelogin.com:8443' } }),
      '.aio',
      everywhere,
    ],
  ])('%s', async (_, place, file, key) => {
    inGlobal({ machine })
    place()
    const message = await expectRefusal(imsHere().getToken('machine'), file, key)
    expect(message).toContain(`AIO_${key.replaceAll('.', '_').toUpperCase()}`)
    expect(message).not.toContain('user-secret')
  })

  test('whose address the user gives as well does', async () => {
    inGlobal({ machine })
    inDotEnv(`AIO_IMS_CONFIG_ENDPOINT=${evil}`)
    expect(await imsHere({ AIO_IMS_CONFIG_ENDPOINT: evil }).getToken('machine')).toBe('fresh')
    expect(await imsHere({}, { endpoint: evil }).getToken('machine', { force: true })).toBe('fresh')
    expect(await imsHere().getToken('machine', { endpoint: evil, force: true })).toBe('fresh')
    expect(sent.every(({ url }) => url.startsWith(evil))).toBe(true)
    expect(sent).toHaveLength(3)
  })

  test('the secret of a CI variable', async () => {
    inLocal({ ...evilEverywhere, contexts: { machine: { ...machine, client_secrets: ['placeholder'] } } })
    const variable = { AIO_IMS_CONTEXTS_MACHINE_CLIENT__SECRETS: '["ci-secret"]' }
    await expectRefusal(imsHere(variable).getToken('machine'), '.aio', everywhere)
  })

  test('tokens of the user, by any call', async () => {
    inGlobal({ web: webApp, tokens: { client_id: 'spa', scope: 'openid', refresh_token: webApp.refresh_token } })
    inLocal(evilEverywhere)
    const ims = imsHere()
    for (const call of [
      () => ims.getToken('web'),
      () => ims.getToken('web', { force: true }),
      () => ims.getToken('tokens'),
      () => ims.invalidateToken('web', true),
      () => ims.client('web'),
    ])
      await expectRefusal(call(), '.aio', everywhere)
  })

  test('a part of a token, under what the directory says next to it', async () => {
    inGlobal({ spa: { client_id: 'spa', scope: 'openid', refresh_token: { token: 'user-refresh', expiry: 1 } } })
    inLocal({ ...evilEverywhere, contexts: { spa: { refresh_token: { expiry: later } } } })
    await expectRefusal(imsHere().getToken('spa'), '.aio', everywhere)
  })

  test('a secret given as an option of the call', async () => {
    inLocal({ ...evilEverywhere, contexts: { machine } })
    await expectRefusal(imsHere().getToken('machine', { client_secrets: ['option'] }), '.aio', everywhere)
  })

  test('a token that was issued by another server', async () => {
    const bound = {
      token: 'user-refresh',
      expiry: later,
      for: 'imskit/tokens/["https://ims-na1.adobelogin.com","x",null]',
    }
    inLocal({ contexts: { spa: { client_id: 'spa', scope: 'openid', refresh_token: bound } } })
    inDotEnv(`AIO_IMS_CONFIG_ENDPOINT=${evil}`)
    await expect(imsHere().invalidateToken('spa', true)).rejects.toMatchObject({ code: 'INVALID_TOKEN' })
    expect(sent).toEqual([])
  })

  test('a token of the relay', async () => {
    inLocal({ ...evilEverywhere, contexts: { cli: { 'cli.bare-output': true } } })
    await expectRefusal(imsHere().client('cli'), '.aio', everywhere)
  })

  test('a client of the modern API, whose secret is an option', async () => {
    inLocal(evilEverywhere)
    const platform = nodePlatform({ directory: join(root, 'state'), config: configHere() })
    const fetch = async (url: string) => {
      sent.push({ url, body: '' })
      return Response.json({ access_token: 'fresh', expires_in: 86_400, token_type: 'bearer' })
    }
    const machineFlow = clientCredentials({ clientId: 'a', clientSecret: 'b', scopes: 'openid' })
    const continued = refreshToken({ clientId: 'a', refreshToken: 'user-refresh', scopes: 'openid' })
    for (const flow of [machineFlow, continued])
      await expectRefusal(createClient({ flow, fetch, ...platform }).getToken(), '.aio', everywhere)
    const login = createClient({ flow: authorizationCode({ clientId: 'a', scopes: 'openid' }), fetch, ...platform })
    await expect(login.getToken()).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(await createClient({ flow: machineFlow, endpoint: evil, fetch, ...platform }).getToken()).toBe('fresh')
  })
})

describe('a key file', () => {
  let key: string | Buffer | undefined
  const jwt = {
    client_id: 'jwt',
    client_secret: 'directory-secret',
    technical_account_id: 't',
    meta_scopes: ['ent_x'],
    ims_org_id: 'o',
  }
  const pem = () => {
    key ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
    return String(key)
  }

  test.each(['absolute', 'relative', 'link', 'wrapped in JSON'])('of the user, %s', async (how) => {
    const file = join(home, 'key.pem')
    writeFileSync(file, pem())
    symlinkSync(file, join(cwd, 'link.pem'))
    const paths: Record<string, string> = {
      absolute: file,
      relative: relative(process.cwd(), file),
      link: join(cwd, 'link.pem'),
      'wrapped in JSON': JSON.stringify([file]),
    }
    inLocal({ ...evilEverywhere, contexts: { jwt: { ...jwt, private_key: paths[how] } } })
    await expectRefusal(imsHere().getToken('jwt'), '.aio', 'ims.config.endpoint')
  })

  test('of the directory goes where the directory says, as a file and as text', async () => {
    const file = join(cwd, 'key.pem')
    writeFileSync(file, pem())
    for (const source of [file, pem(), pem().split('\n')]) {
      inLocal({ ...evilEverywhere, contexts: { jwt: { ...jwt, private_key: source } } })
      expect(await imsHere().getToken('jwt', { force: true })).toBe('fresh')
    }
    expect(sent).toHaveLength(3)
  })
})

describe('a .env that is a link', () => {
  const lines = [
    'AIO_IMS_CONTEXTS_M_CLIENT__ID=m',
    'AIO_IMS_CONTEXTS_M_CLIENT__SECRETS=["linked"]',
    'AIO_IMS_CONTEXTS_M_TECHNICAL__ACCOUNT__EMAIL=e',
    'AIO_IMS_CONTEXTS_M_TECHNICAL__ACCOUNT__ID=t',
    'AIO_IMS_CONTEXTS_M_SCOPES=openid',
    'AIO_IMS_CONTEXTS_M_IMS__ORG__ID=o',
  ]

  test.each(['elsewhere', 'here'])('to a file %s', async (where) => {
    const target = where === 'here' ? join(cwd, 'real.env') : join(home, 'real.env')
    writeFileSync(target, lines.join('\n'))
    symlinkSync(target, join(cwd, '.env'))
    inLocal(evilEverywhere)
    if (where === 'elsewhere') await expectRefusal(imsHere().getToken('m'), '.aio', 'ims.config.endpoint')
    else expect(await imsHere().getToken('m')).toBe('fresh')
  })

  test('cannot pass off a destination as the choice of the user', async () => {
    inGlobal({ machine })
    writeFileSync(join(root, 'evil.env'), `AIO_IMS_CONFIG_ENDPOINT=${evil}`)
    symlinkSync(join(root, 'evil.env'), join(cwd, '.env'))
    await expectRefusal(imsHere().getToken('machine'), '.env', 'ims.config.endpoint')
  })
})

describe('what keeps working', () => {
  test('a project that has everything in its own files, as aio app use writes them', async () => {
    const name = 'aio-4566206088345584002'
    inLocal({ contexts: { [name]: { ...machine, client_secrets: undefined } } }, { project: { name: 'p' } })
    inDotEnv(`AIO_ims_contexts_${name}_client__secrets=["project-secret"]`, 'AIO_runtime_auth=x')
    expect(await imsHere().getToken(name)).toBe('fresh')
    inDotEnv(`AIO_ims_contexts_${name}_client__secrets=["project-secret"]`, `AIO_IMS_CONFIG_ENDPOINT=${evil}`)
    expect(await imsHere().getToken(name)).toBe('fresh')
    expect(sent.map(({ url }) => new URL(url).origin)).toEqual(['https://ims-na1.adobelogin.com', evil])
  })

  test('a repository that names stage, with the secret in a CI variable', async () => {
    const { client_secrets: _, ...rest } = machine
    inLocal({ contexts: { machine: { ...rest, env: 'stage' } } })
    const variable = { AIO_IMS_CONTEXTS_MACHINE_CLIENT__SECRETS: '["ci-secret"]' }
    expect(await imsHere(variable).getToken('machine')).toBe('fresh')
    expect(sent[0]?.url).toContain('https://ims-na1-stg1.adobelogin.com/')
    expect(sent[0]?.body).toContain('ci-secret')
  })

  test.each(['.aio', '.env'])('the cli context of the user in a project that names stage in %s', async (file) => {
    inGlobal({ cli: { 'cli.bare-output': true, access_token: { token: 'cli-token', expiry: later } } })
    if (file === '.aio') inLocal({}, { cli: { env: 'stage' } })
    else inDotEnv('AIO_CLI_ENV=stage')
    expect(await imsHere().getToken('cli', { interaction: 'none' })).toBe('cli-token')
  })

  test('a host of Adobe that the directory names', async () => {
    inGlobal({ machine })
    inLocal({ config: { endpoint: 'https://ims-na1-stg1.adobelogin.com' } })
    expect(await imsHere().getToken('machine')).toBe('fresh')
  })
})

describe('a program that the working directory names', () => {
  test.each(['cli', 'app'])('is not run by the login of a %s context', async (name) => {
    writeFileSync(join(cwd, 'x.sh'), `#!/bin/sh\ntouch ${join(cwd, 'ran')}\n`, { mode: 0o755 })
    inGlobal({ cli: { 'cli.bare-output': true }, app: { client_id: 'app', scope: 'openid' } })
    inLocal({ contexts: { [name]: { browser: './x.sh' } } })
    const client = await imsHere({}, { login: { isInteractive: true, output() {} } }).client(name)
    if (!('login' in client)) throw new Error('not a client of a user')
    await expectRefusal(client.login(), '.aio', `ims.contexts.${name}.browser`)
  })

  test('does not prevent the use of a token that is there', async () => {
    inGlobal({ cli: { 'cli.bare-output': true, access_token: { token: 'cli-token', expiry: later } } })
    inLocal({ contexts: { cli: { browser: './x.sh' } } })
    expect(await imsHere().getToken('cli')).toBe('cli-token')
    expect(readFileSync(join(cwd, '.aio'), 'utf8')).toContain('x.sh')
  })
})
