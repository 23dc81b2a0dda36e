import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { projectIn } from '../../../src/adapters/node/cli/init/project.ts'
import { build } from '../../kit/build.ts'
import { newFolder } from '../../kit/folder.ts'
import { newShell, type Shell } from '../command.ts'

beforeAll(() => build())

/** Files of a project, by their names. */
function fill(folder: string, files: Readonly<Record<string, string | object>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  }
}

const read = (shell: Shell, name: string) => readFileSync(join(shell.place.cwd, name), 'utf8')

interface Outcome {
  readonly kind: string
  readonly created: readonly string[]
  readonly changed: readonly string[]
  readonly unchanged: readonly string[]
  readonly next: readonly string[]
}

describe('a project is recognized', () => {
  test.each<[string, object, { kind: string; typescript: boolean }]>([
    ['Vite', { 'package.json': { devDependencies: { vite: '8' } } }, { kind: 'vite', typescript: false }],
    ['Vite by its configuration', { 'vite.config.ts': '', 'tsconfig.json': '{}' }, { kind: 'vite', typescript: true }],
    ['Next.js', { 'package.json': { dependencies: { next: '16', vite: '8' } } }, { kind: 'next', typescript: false }],
    ['a Worker', { 'wrangler.jsonc': '{}', 'package.json': {} }, { kind: 'worker', typescript: false }],
    [
      'a Worker with Vite',
      { 'package.json': { devDependencies: { wrangler: '4', vite: '8', typescript: '6' } } },
      { kind: 'worker', typescript: true },
    ],
    ['a program for Node.js', { 'package.json': { name: 'x' } }, { kind: 'node', typescript: false }],
    ['an empty folder', {}, { kind: 'node', typescript: false }],
    ['a page', { 'index.html': '<p>' }, { kind: 'page', typescript: false }],
  ])('%s', (_, files, expected) => {
    const folder = newFolder()
    fill(folder, files as Record<string, string | object>)
    expect(projectIn(folder)).toMatchObject(expected)
  })

  test.each([
    ['pnpm-lock.yaml', 'pnpm add imskit'],
    ['yarn.lock', 'yarn add imskit'],
    ['bun.lock', 'bun add imskit'],
    ['package-lock.json', 'npm install imskit'],
  ])('its package manager by %s', (name, install) => {
    const folder = newFolder()
    fill(folder, { [name]: '' })
    expect(projectIn(folder).install).toBe(install)
  })
})

describe('imskit init', () => {
  test('writes a client, settings and a script, and changes nothing else of package.json', async () => {
    const shell = newShell()
    const manifest =
      '{\n\t"name": "app",\n\t"scripts": {\n\t\t"dev": "vite"\n\t},\n\t"devDependencies": {\n\t\t"vite": "8"\n\t}\n}'
    fill(shell.place.cwd, { 'package.json': manifest, 'tsconfig.json': '{}' })
    const outcome = await shell.json<Outcome>(['init'])
    expect(outcome).toMatchObject({
      kind: 'vite',
      created: ['src/ims.ts', '.env.local'],
      changed: ['package.json'],
      unchanged: [],
    })
    expect(outcome.next[0]).toBe('Install imskit: npm install imskit')
    const line = ',\n\t\t"dev:ims": "imskit emulator exec --port 9090 --kind oauth_public -- vite"'
    expect(read(shell, 'package.json')).toBe(manifest.replace('"dev": "vite"', `"dev": "vite"${line}`))
    expect(read(shell, '.env.local')).toContain('VITE_CLIENT_ID=emulator-public\n')
    // a browser loads these settings, so they contain no secret
    expect(read(shell, '.env.local')).not.toMatch(/secret/i)
    expect(existsSync(join(shell.place.cwd, '.gitignore'))).toBe(false)
    expect(await shell.json(['init'])).toMatchObject({ created: [], changed: [] })
  })

  test('settings with a secret are for their user only, and ignored by git', async () => {
    const shell = newShell()
    fill(shell.place.cwd, { '.gitignore': 'node_modules' })
    expect(await shell.json(['init'])).toMatchObject({
      kind: 'node',
      created: ['ims.mjs', '.env', 'package.json'],
      changed: ['.gitignore'],
    })
    expect(read(shell, '.gitignore')).toBe('node_modules\n.env\n')
    expect(statSync(join(shell.place.cwd, '.env')).mode & 0o777).toBe(0o600)
    const other = newShell()
    fill(other.place.cwd, { '.gitignore': '.env*\n!.env.example\n', 'wrangler.toml': '' })
    await other.run(['init'])
    expect(read(other, '.gitignore')).toBe('.env*\n!.env.example\n.dev.vars\n')
  })

  test('--dry-run writes nothing, and a folder can be named', async () => {
    const shell = newShell()
    fill(shell.place.cwd, { 'site/index.html': '<p>' })
    const ended = await shell.run(['init', 'site', '--dry-run'])
    expect(ended).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^would be created: ims\.js\nwould be created: ims-serve\.mjs\n/),
    })
    expect(existsSync(join(shell.place.cwd, 'site/ims.js'))).toBe(false)
    expect(await shell.json(['init', 'site', '--kind', 'node'])).toMatchObject({ kind: 'node' })
    expect(existsSync(join(shell.place.cwd, 'site/ims.mjs'))).toBe(true)
  })

  test('replaces nothing without a question, and writes all or nothing', async () => {
    const shell = newShell()
    fill(shell.place.cwd, { 'ims.mjs': 'mine' })
    const refused = await shell.run(['init'])
    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/it would replace ims\.mjs.*--force/s),
    })
    expect(read(shell, 'ims.mjs')).toBe('mine')
    expect(existsSync(join(shell.place.cwd, '.env'))).toBe(false)
    expect(await shell.json(['init', '--force'])).toMatchObject({ changed: ['ims.mjs'] })
    fill(shell.place.cwd, { 'package.json': { scripts: { 'dev:ims': 'mine' } } })
    expect(await shell.run(['init'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('another script dev:ims'),
    })
  })

  test.each([
    ['a folder that does not exist', ['init', 'absent'], {}, /does not exist/, 2],
    ['an unknown kind', ['init', '--kind', 'deno'], {}, /must be one of vite, next, worker, node, page/, 2],
    ['a damaged package.json', ['init'], { 'package.json': '{' }, /not valid JSON/, 1],
  ])('%s is refused', async (_, args, files, words, code) => {
    const shell = newShell()
    fill(shell.place.cwd, files)
    expect(await shell.run(args)).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(words) })
  })

  test('a link out of the folder is not followed', async () => {
    const [shell, elsewhere] = [newShell(), newFolder()]
    symlinkSync(elsewhere, join(shell.place.cwd, 'src'))
    fill(shell.place.cwd, { 'vite.config.js': '' })
    expect(await shell.run(['init'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('outside of the folder'),
    })
    expect(existsSync(join(elsewhere, 'ims.js'))).toBe(false)
    expect(existsSync(join(shell.place.cwd, '.env.local'))).toBe(false)
  })
})

const org = 'ORG@AdobeOrg'
const s2s = {
  name: 'Server',
  integration_type: 'oauth_server_to_server',
  oauth_server_to_server: {
    client_id: 'real-server',
    client_secrets: ["p8e-it's $ecret".replace("'", '')],
    technical_account_email: 'e',
    technical_account_id: 't',
    scopes: ['AdobeID', 'openid', 'firefly_api'],
  },
}
const spa = {
  name: 'App',
  integration_type: 'oauthsinglepageapp',
  oauth2: { client_id: 'real-app', redirect_uri: 'https://app.example/' },
}
const workspace = (...credentials: object[]) => ({
  project: { org: { ims_org_id: org }, workspace: { details: { credentials } } },
})

describe('imskit link', () => {
  test('replaces the values of the credential, and no other line', async () => {
    const shell = newShell()
    fill(shell.place.cwd, { 'w.json': workspace(s2s, spa) })
    await shell.run(['init'])
    writeFileSync(join(shell.place.cwd, '.env'), `${read(shell, '.env')}# mine\nOTHER=1\n`)
    const linked = await shell.run(['link', 'w.json'])
    expect(linked).toMatchObject({ code: 0, stderr: '', stdout: 'changed: .env\nunchanged: .gitignore\n' })
    expect(read(shell, '.env')).toBe(
      [
        '# Settings of imskit init.',
        'CLIENT_ID=real-server',
        "CLIENT_SECRET='p8e-its $ecret'",
        'SCOPES=AdobeID,openid,firefly_api',
        'IMS_ENDPOINT=',
        '# mine',
        'OTHER=1',
        `ORG_ID=${org}`,
        '',
      ].join('\n'),
    )
    expect(statSync(join(shell.place.cwd, '.env')).mode & 0o777).toBe(0o600)
    expect(await shell.run(['link', 'w.json'])).toMatchObject({ stdout: 'unchanged: .env\nunchanged: .gitignore\n' })
    // back at stage
    fill(shell.place.cwd, { '.stage.json': { ...s2s.oauth_server_to_server, ims_org_id: org, env: 'stage' } })
    await shell.run(['link', '.stage.json'])
    expect(read(shell, '.env')).toContain('IMS_ENDPOINT=https://ims-na1-stg1.adobelogin.com\n')
  })

  test('a browser app never gets a secret', async () => {
    const shell = newShell()
    fill(shell.place.cwd, { 'w.json': workspace(s2s, spa), 'secret.json': workspace(s2s), 'vite.config.ts': '' })
    await shell.run(['init'])
    const before = read(shell, '.env.local')
    const refused = await shell.run(['link', 'secret.json'])
    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('everyone can read what a browser loads'),
    })
    expect(await shell.run(['link', 'w.json', '--credential', 'Server'])).toMatchObject({ code: 1 })
    expect(read(shell, '.env.local')).toBe(before)
    const linked = await shell.run(['link', 'w.json'])
    expect(linked).toMatchObject({ code: 0, stderr: expect.stringContaining('redirect URI') })
    expect(read(shell, '.env.local')).toBe(
      '# Settings of imskit init.\nVITE_CLIENT_ID=real-app\nVITE_SCOPES=openid,AdobeID\nVITE_IMS_ENDPOINT=\n',
    )
  })

  test('a module of a page', async () => {
    const shell = newShell()
    fill(shell.place.cwd, { 'w.json': workspace(spa), 'index.html': '<p>' })
    await shell.run(['init'])
    await shell.run(['link', 'w.json'])
    expect(read(shell, 'ims-config.js')).toBe(
      '// Settings of imskit init.\nexport const CLIENT_ID = "real-app"\nexport const SCOPES = "openid,AdobeID"\nexport const IMS_ENDPOINT = ""\n',
    )
  })

  test.each([
    ['a folder without settings', {}, 'w.json', /no settings of imskit init/],
    ['an env file of another program', { '.env': 'CLIENT_ID=mine\n' }, 'w.json', /no settings of imskit init/],
    [
      'a file that does not exist',
      { '.env': '# Settings of imskit init.\nCLIENT_ID=a\n' },
      'absent.json',
      /cannot be read/,
    ],
    [
      'another file',
      { '.env': '# Settings of imskit init.\nCLIENT_ID=a\n', 'package.json': { name: 'x', version: '1' } },
      'package.json',
      /seems to be a package\.json/,
    ],
    [
      'a credential of a login',
      { '.env': '# Settings of imskit init.\nCLIENT_ID=a\n' },
      'w.json',
      /needs an OAuth Server-to-Server credential/,
    ],
  ])('%s is refused', async (_, files, name, words) => {
    const shell = newShell()
    fill(shell.place.cwd, { 'w.json': workspace(spa), ...files })
    expect(await shell.run(['link', name])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(words) })
  })
})
