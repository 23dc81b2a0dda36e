import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { build, built } from '../kit/build.ts'
import { newShell, type Shell } from './command.ts'

beforeAll(() => build())

describe('imskit context', () => {
  test('sets, gets, lists, uses and deletes', async () => {
    const shell = newShell()
    expect(await shell.json(['context', 'list'])).toEqual([])
    await shell.run(['context', 'set', 'a', 'client_id=one', 'scope=openid'])
    await shell.run(['context', 'set', 'b', 'client_id=two', 'scope=openid', '--local'])
    await shell.run(['context', 'use', 'b'])
    expect(await shell.json(['context', 'list'])).toEqual([
      { name: 'a', current: false, local: false, kind: 'oauth_public' },
      { name: 'b', current: true, local: true, kind: 'oauth_public' },
    ])
    expect(await shell.run(['context', 'get', 'a', 'client_id'])).toMatchObject({
      code: 0,
      stdout: 'one\n',
      stderr: '',
    })
    expect(await shell.json(['context', 'get'])).toMatchObject({ name: 'b', local: true, data: { client_id: 'two' } })
    await shell.run(['context', 'set', 'a', 'scope=AdobeID', '--merge'])
    expect(await shell.json(['context', 'get', 'a'])).toMatchObject({ data: { client_id: 'one', scope: 'AdobeID' } })
    expect(await shell.run(['context', 'delete', 'b'])).toMatchObject({ code: 0, stdout: 'deleted: b\n' })
    const gone = await shell.run(['context', 'get', 'b'])
    expect(gone).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('CONTEXT_NOT_CONFIGURED') })
    expect(await shell.run(['context', 'use', 'aa'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Did you mean 'a'?"),
    })
  })

  test('says what cannot be deleted from a file', async () => {
    const shell = newShell(undefined, { AIO_IMS_CONTEXTS_X_CLIENT__ID: 'one' })
    const { code, stderr } = await shell.run(['context', 'delete', 'x'])
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('AIO_IMS_CONTEXTS_*') })
  })

  test('takes secrets from files, variables and standard input, and shows them only when told to', async () => {
    const shell = newShell()
    const file = join(shell.place.cwd, 'secret.txt')
    writeFileSync(file, 'from-file\n')
    const set = (...args: string[]) => ['context', 'set', 'x', 'client_id=one', 'scope=openid', ...args]
    const secret = async () => (await shell.run(['context', 'get', 'x', 'client_secret', '--show-secrets'])).stdout
    expect(await shell.run(set('--secret-file', file))).toMatchObject({
      code: 0,
      stderr: '',
      stdout: 'set: x (oauth)\n',
    })
    expect(await secret()).toBe('from-file\n')
    expect(await shell.run(set('--secret-file', '-'), { input: 'from-stdin\n' })).toMatchObject({ code: 0, stderr: '' })
    expect(await secret()).toBe('from-stdin\n')
    await shell.run(set('--secret-env', 'MY_SECRET'), { env: { MY_SECRET: 'from-variable' } })
    expect(await secret()).toBe('from-variable\n')
    const typed = await shell.run(set('client_secret=from-typing'))
    expect(typed).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Warning: client_secret .*--secret-file/) })
    expect(typed.stderr + typed.stdout).not.toContain('from-typing')
    expect(await secret()).toBe('from-typing\n')
    expect((await shell.run(['context', 'get', 'x'])).stdout).toContain('"client_secret": "[redacted]"')
    expect((await shell.run(['context', 'get', 'x', 'client_secret'])).stdout).toBe('[redacted]\n')
    await shell.run(set('--secret-file', 'client_secrets=-'), { input: 'first\nsecond\n' })
    expect(await shell.json(['context', 'get', 'x', '--show-secrets'])).toMatchObject({
      data: { client_secrets: ['first', 'second'] },
    })
    expect(await shell.run(set('private_key=./key.pem'))).toMatchObject({ code: 0, stderr: '' })
  })

  test("takes a context from another tool's variables, when told to and never by itself", async () => {
    const shell = newShell(undefined, {
      OAUTH_CLIENT_ID: 'one',
      OAUTH_CLIENT_SECRETS: 'first,second',
      OAUTH_TECHNICAL_ACCOUNT_ID: 'an-account',
      OAUTH_TECHNICAL_ACCOUNT_EMAIL: 'account@example.com',
      OAUTH_IMS_ORG_ID: 'an-org',
      OAUTH_SCOPES: 'openid, AdobeID',
      IMS_CLIENT_ID: 'another',
    })
    writeFileSync(join(shell.place.cwd, '.env'), 'IMS_CLIENT_SECRET=of-another\n')
    expect(await shell.json(['context', 'list'])).toEqual([])
    const set = await shell.run(['context', 'set', 'x', '--from-env', 'OAUTH'])
    expect(set).toMatchObject({ code: 0, stderr: '', stdout: 'set: x (oauth_server_to_server)\n' })
    const { data } = await shell.json<{ data: object }>(['context', 'get', 'x', '--show-secrets'])
    expect(data).toEqual({
      client_id: 'one',
      client_secrets: ['first', 'second'],
      technical_account_id: 'an-account',
      technical_account_email: 'account@example.com',
      scopes: ['openid', 'AdobeID'],
      ims_org_id: 'an-org',
    })
    // what is said in so many words counts more, and a context's own variables most
    await shell.run(['context', 'set', 'x', 'scopes=openid', '--from-env', 'OAUTH'])
    expect((await shell.run(['context', 'get', 'x', 'scopes'])).stdout).toBe('openid\n')
    const env = { AIO_IMS_CONTEXTS_X_CLIENT__ID: 'mine' }
    expect((await shell.run(['context', 'get', 'x', 'client_id'], { env })).stdout).toBe('mine\n')
    // .env counts, too; and what is incomplete is said to be so
    const partial = await shell.run(['context', 'set', 'y', '--from-env', 'IMS'])
    expect(partial).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^Warning: Context 'y' does not match a kind/),
    })
    expect(await shell.json(['context', 'get', 'y', '--show-secrets'])).toMatchObject({
      data: { client_id: 'another', client_secrets: ['of-another'] },
    })
  })

  test('takes the file of the console, and stores nothing of any other file', async () => {
    const shell = newShell()
    const write = (name: string, content: object) => writeFileSync(join(shell.place.cwd, name), JSON.stringify(content))
    const oauth2 = { client_id: 'web', client_secret: 'hunter2', redirect_uri: 'https://app.example/callback' }
    const jwt = { client_id: 'old', client_secret: 'hunter2', technical_account_id: 'a', meta_scopes: ['x'] }
    const credentials = [
      { id: '1', name: 'Web', integration_type: 'oauthweb', oauth2 },
      { id: '2', name: 'Old', integration_type: 'service', jwt },
    ]
    write('workspace.json', { project: { org: { ims_org_id: 'o' }, workspace: { details: { credentials } } } })
    const from = (...args: string[]) => shell.run(['context', 'set', 'x', '--from', ...args])
    const refused = [
      await from('workspace.json'),
      await from('workspace.json', 'env=qa', '--credential', 'Web'),
      await shell.run(['context', 'set', 'x', 'a=b', '--credential', 'Web']),
    ]
    for (const { code, stdout, stderr } of refused) {
      expect({ code, stdout }).toEqual({ code: expect.any(Number), stdout: '' })
      expect(code).not.toBe(0)
      expect(stderr).not.toContain('hunter2')
    }
    expect(await shell.json(['context', 'list'])).toEqual([])
    const web = await from('workspace.json', '--credential', 'web')
    expect(web).toMatchObject({
      code: 0,
      stdout: 'set: x, from the workspace file of the Adobe Developer Console\n',
      stderr: "Warning: Context 'x' has no scopes yet. Run: imskit context set x --merge scope=openid,AdobeID\n",
    })
    expect(await shell.run(['context', 'set', 'x', '--merge', 'scope=openid,AdobeID'])).toMatchObject({
      code: 0,
      stdout: 'set: x (oauth)\n',
    })
    expect((await shell.run(['context', 'get', 'x', '--show-secrets'])).stdout).toContain(
      '"https://app.example/callback"',
    )
  })

  test('tells bad input apart', async () => {
    const shell = newShell()
    const cases: readonly [readonly string[], number, string][] = [
      [['context', 'set', 'x'], 2, 'nothing to set'],
      [['context', 'set', 'x', 'hunter2'], 2, 'key=value'],
      [['context', 'set'], 2, '<context> is missing'],
      [['context', 'set', 'x', '--from', 'absent.json'], 1, 'absent.json'],
      [['context', 'set', 'x', '--secret-env', 'ABSENT_VARIABLE'], 1, 'ABSENT_VARIABLE'],
      [['context', 'set', 'x', '--from-env', 'MINE'], 2, 'AIO_COMMERCE_AUTH_IMS, IMS_OAUTH_S2S, OAUTHS2S, OAUTH, IMS'],
      [['context', 'set', 'x', '--from-env', 'OAUTH'], 1, 'MISSING_ENVIRONMENT_VARIABLE'],
      [['context', 'set', 'x', '--from', '-', '--secret-file', '-'], 2, 'one option only'],
      [['context'], 2, 'context list'],
      [['context', 'gte'], 2, "Did you mean 'context get'"],
      [['token'], 1, 'context set'],
      [['login', '--callback-port', '99999'], 2, '--callback-port'],
      [['login', '--callback-host', '0.0.0.0'], 2, '--callback-host needs --callback-port'],
      [['login', '--callback-host', '0.0.0.0', '--callback-port', '0'], 2, '--callback-host needs --callback-port'],
      [['completion', 'csh'], 2, 'bash, zsh or fish'],
    ]
    for (const [args, code, said] of cases) {
      const ended = await shell.run(args)
      expect({ args, code: ended.code, stdout: ended.stdout }).toEqual({ args, code, stdout: '' })
      expect(ended.stderr).toContain(said)
      expect(ended.stderr).not.toMatch(/hunter2|\n\s+at /)
    }
  })

  test('names the file and the line of a broken configuration', async () => {
    const shell = newShell()
    writeFileSync(shell.place.localFile, '{\n  "ims": {\n    "contexts" "x"\n  }\n}\n')
    for (const args of [
      ['token', 'x'],
      ['context', 'list'],
      ['context', 'set', 'x', 'a=b', '--local'],
    ]) {
      const { code, stdout, stderr } = await shell.run(args)
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain(`${shell.place.localFile} (line 3) is not valid JSON or HJSON`)
      expect(stderr).toContain('CONFIG_UNREADABLE')
    }
    expect(readFileSync(shell.place.localFile, 'utf8')).toContain('"contexts" "x"')
  })
})

describe('colours and help', () => {
  test('follow NO_COLOR and FORCE_COLOR, and are off without a terminal', async () => {
    const shell = newShell()
    const colour = async (env: Record<string, string>) =>
      (await shell.run(['token', 'x'], { env })).stderr.startsWith('\u001b[31m')
    expect(await colour({})).toBe(false)
    expect(await colour({ FORCE_COLOR: '1' })).toBe(true)
    expect(await colour({ FORCE_COLOR: '0' })).toBe(false)
    expect(await colour({ NO_COLOR: '1' })).toBe(false)
  })

  test('an unknown command is answered with the nearest one, and is not repeated whole', async () => {
    const shell = newShell()
    const ended = await shell.run(['tokne'])
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining("Did you mean 'token'?") })
    const astray = 'x'.repeat(30) + 'secret'.repeat(5)
    expect((await shell.run([astray])).stderr).not.toContain('secretsecret')
  })

  test('--help shows the example of every command, and of a family', async () => {
    const shell = newShell()
    for (const args of [
      ['context', 'get', '--help'],
      ['help', 'context', 'get'],
      ['context', '--help'],
      ['verify', '-h'],
    ]) {
      const ended = await shell.run(args)
      expect(ended).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/Example:\n {2}imskit /) })
    }
  })
})

/** Runs a script of a shell that has the command on its PATH. */
function inShell(shell: Shell, name: string, script: string): string[] {
  const bin = join(shell.place.home, 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'imskit'), `#!/bin/sh\nexec '${process.execPath}' '${built('cli')}' "$@"\n`, { mode: 0o755 })
  const env = { ...shell.place.env, PATH: `${bin}:${shell.place.env.PATH}` }
  const ran = spawnSync(name, ['-c', script], { cwd: shell.place.cwd, env, encoding: 'utf8' })
  if (ran.status !== 0) throw new Error(ran.stderr)
  return ran.stdout.split('\n').filter(Boolean)
}

/** What a shell would offer for a line. */
function complete(shell: Shell, line: string, name = 'bash'): string[] {
  const words = line.split(' ')
  const quoted = words.map((word) => `'${word}'`).join(' ')
  const scripts: Record<string, string> = {
    bash: `source <(imskit completion bash); COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _imskit; printf '%s\\n' "\${COMPREPLY[@]}"`,
    // stand-ins for what only a shell with a prompt has
    zsh: `compdef() { }; compadd() { shift; print -l -- "$@" }; source <(imskit completion zsh); words=(${quoted}); CURRENT=${words.length}; _imskit`,
    fish: `imskit completion fish | source; complete -C '${line}'`,
  }
  return inShell(shell, name, scripts[name] ?? '')
}

const shells = ['bash', 'zsh', 'fish'].filter((name) => spawnSync(name, ['-c', 'exit 0']).status === 0)

describe('completion', () => {
  test('offers commands, options, values and contexts in bash', async () => {
    const shell = newShell()
    await shell.run(['context', 'set', 'my-app', 'client_id=one', 'scope=openid'])
    await shell.run(['context', 'set', 'other', 'client_id=one', 'scope=openid'])
    expect(complete(shell, 'imskit val')).toEqual(['validate'])
    expect(complete(shell, 'imskit context d')).toEqual(['delete'])
    expect(complete(shell, 'imskit token my')).toEqual(['my-app'])
    expect(complete(shell, 'imskit context use ')).toEqual(['my-app', 'other'])
    expect(complete(shell, 'imskit token my-app --f')).toEqual(['--force'])
    expect(complete(shell, 'imskit validate --env s')).toEqual(['stage'])
    writeFileSync(join(shell.place.cwd, 'secret.txt'), '')
    expect(complete(shell, 'imskit context set x --from sec')).toEqual(['secret.txt'])
  })

  test.each(shells)('is understood by %s', async (name) => {
    const shell = newShell()
    await shell.run(['context', 'set', 'my-app', 'client_id=one', 'scope=openid'])
    expect(complete(shell, 'imskit val', name)).toEqual(['validate'])
    expect(complete(shell, 'imskit token ', name)).toEqual(['my-app'])
    expect(complete(shell, 'imskit context get my-app --show', name)).toEqual(['--show-secrets'])
  })

  test('writes nothing into the line where the configuration is broken', async () => {
    const shell = newShell()
    writeFileSync(shell.place.globalFile, '{')
    expect(await shell.run(['completion', 'next', '--', 'token', ''])).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

test.each(['/dev/zero', 'a pipe', 'a directory'])('a secret is not read from %s', async (what) => {
  const shell = newShell()
  const pipe = join(shell.place.cwd, 'pipe')
  execFileSync('mkfifo', [pipe])
  const path = what === 'a pipe' ? pipe : what === 'a directory' ? shell.place.cwd : what
  const { code, stderr } = await shell.run(['context', 'set', 'x', 'client_id=a', '--secret-file', path])
  expect(code).toBe(1)
  expect(stderr).toMatch(/BAD_OPTION/)
  expect(existsSync(shell.place.globalFile)).toBe(false)
})

test('a file of the console without a context is refused, and nothing is stored', async () => {
  const shell = newShell()
  const workspace = { project: { name: 'P', workspace: { details: { credentials: [{ client_id: 'a' }] } } } }
  const input = JSON.stringify(workspace)
  const { code, stderr } = await shell.run(['context', 'set', 'x', '--from', '-'], { input })
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('imskit stored nothing') })
  expect(existsSync(shell.place.globalFile)).toBe(false)
})
