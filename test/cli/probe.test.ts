import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Findings } from '../../src/adapters/node/cli/probe/ask.ts'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { build, built } from '../kit/build.ts'
import { newShell, type Shell, setContext } from './command.ts'

type Kind = 'oauth_server_to_server' | 'jwt' | 'oauth' | 'oauth_public'
type Report = Findings & { readonly exitCode: number; readonly ims: string; readonly client: string }

/** An answer in place of the emulator's; `undefined` leaves it as it is. */
type Change = (
  path: string,
  form: URLSearchParams,
  headers: Headers,
) => Response | undefined | Promise<Response | undefined>

let emulator: RunningEmulator

beforeAll(async () => {
  await build()
  emulator = await startEmulator()
}, 300_000)
afterAll(() => emulator.close())

const server = () => emulator.contexts.oauth_server_to_server

/** The emulator behind a server that changes some answers. */
async function startChanged(change: Change): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const front = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    const { method = 'GET', url: path = '/' } = incoming
    const headers = new Headers(incoming.headers as Record<string, string>)
    const body = Buffer.concat(chunks)
    asked.push(path)
    const request = { method, headers, ...(method === 'GET' ? {} : { body }) }
    const changed = await change(path, new URLSearchParams(body.toString()), headers)
    const answer = changed ?? (await emulator.fetch(emulator.url + path, request))
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers))
    // the changed server is its own issuer
    outgoing.end((await answer.text()).replaceAll(emulator.url, url))
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
  onTestFinished(() => {
    front.closeAllConnections()
    front.close()
  })
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
  return { url, asked }
}

async function shellWith(kind: Kind, endpoint = emulator.url, env: Record<string, string> = {}): Promise<Shell> {
  const shell = newShell(endpoint, env)
  await setContext(shell, emulator, kind, 'mine')
  return shell
}

const probed = (shell: Shell, code: number) => shell.json<Report>(['probe', 'mine', '--yes'], code)
const isToken = (form: URLSearchParams) =>
  form.get('client_secret') === server().client_secrets[0] &&
  form.get('grant_type') === 'client_credentials' &&
  form.get('scope') === server().scopes.join(',')

/** What must not be in a report about `kind`. */
function secretsOf(kind: Kind): string[] {
  const {
    endpoint: _,
    scopes: __,
    scope: ___,
    meta_scopes: ____,
    ...data
  } = emulator.contexts[kind] as Record<string, string | string[]>
  return Object.values(data).flat()
}

describe('an IMS that answers as the evidence says', () => {
  test.each<[Kind, number]>([
    ['oauth_server_to_server', 16],
    ['jwt', 16],
    ['oauth', 10],
    ['oauth_public', 10],
  ])('differs in nothing for a context of kind %s, and no secret or id is printed', async (kind, calls) => {
    const shell = await shellWith(kind)
    const report = await probed(shell, 0)
    expect(report).toMatchObject({ differences: [], failures: [], leftOut: [], tokenLeft: false, exitCode: 0 })
    expect(report.answered).toHaveLength(calls)
    const { code, stdout, stderr } = await shell.run(['probe', 'mine', '--yes', '--verbose'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^### imskit probe\n/)
    expect(stderr).toMatch(/^(GET|POST) \/\S+: \d{3}\n/)
    const all = `${JSON.stringify(report)}${stdout}${stderr}`
    expect(secretsOf(kind).filter((secret) => all.includes(secret))).toEqual([])
    expect(all).not.toMatch(/eyJ/)
    expect(all).not.toContain(emulator.url)
  })

  test('a context for the login relay has no credential of the user, so only public answers are asked for', async () => {
    const shell = newShell(emulator.url)
    await shell.run(['context', 'set', 'mine', '--from', '-'], { input: '{"cli.bare-output":true}' })
    const before = emulator.requests.length
    expect(await probed(shell, 0)).toMatchObject({ differences: [], kind: 'cli', client: 'none' })
    expect(emulator.requests.slice(before).filter(({ path }) => path === '/ims/revoke')).toEqual([])
    expect(emulator.requests).toHaveLength(before + 7)
  })

  test('the token of the probe is valid before it is revoked, and not afterwards', async () => {
    const before = emulator.requests.length
    await probed(await shellWith('oauth_server_to_server'), 0)
    const paths = emulator.requests.slice(before).map(({ path }) => path)
    const at = paths.indexOf('/ims/revoke')
    expect(paths.slice(at - 2, at + 2)).toEqual([
      '/ims/validate_token/v1',
      '/ims/validate_token/v1',
      '/ims/revoke',
      '/ims/validate_token/v1',
    ])
  })
})

describe('an IMS that answers differently', () => {
  test('each difference is a row of a table that can be pasted, and the exit code is 1', async () => {
    const { url } = await startChanged((path, form) => {
      if (path === '/ims/keys') return Response.json({ keys: [] }, { headers: { 'cache-control': 'max-age=60' } })
      if (form.get('grant_type') === 'imskit-probe-unknown')
        return Response.json(
          { error: 'invalid_request', error_description: 'no such `grant` | ask @adobe' },
          { status: 422 },
        )
      return undefined
    })
    const shell = await shellWith('oauth_server_to_server', url)
    const { differences, unknown, exitCode } = await probed(shell, 1)
    expect(exitCode).toBe(1)
    expect(differences).toEqual(
      expect.arrayContaining([
        { call: 'unknown grant', fact: 'status', expected: ['400'], answered: '422', confidence: 'C' },
        {
          call: 'unknown grant',
          fact: 'error',
          expected: ['unsupported_grant_type'],
          answered: 'invalid_request',
          confidence: 'C',
        },
        expect.objectContaining({ call: 'token', fact: 'signature', answered: 'by no key of /ims/keys' }),
      ]),
    )
    expect(new Set(differences.map(({ call }) => call))).toEqual(new Set(['keys', 'token', 'unknown grant']))
    expect(unknown).toContainEqual({ call: 'keys', fact: 'cache-control', answered: 'max-age=60' })
    const { stdout } = await shell.run(['probe', 'mine', '--yes'])
    expect(stdout).toContain('| unknown grant | `status` | `400` | `422` | C |')
    expect(stdout).toContain("| unknown grant | `error_description` | `no such 'grant' \\| ask @adobe` |")
  })

  test('a member that was not in the recorded document is a difference', async () => {
    const { url } = await startChanged(async (path) => {
      if (path !== '/.well-known/openid-configuration') return undefined
      const body = await (await emulator.fetch(emulator.url + path)).json()
      return Response.json({ ...body, end_session_endpoint: `${emulator.url}/ims/logout/v1`, new_member: true })
    })
    const { differences } = await probed(await shellWith('oauth_public', url), 1)
    expect(differences.map(({ fact, expected, answered }) => [fact, expected, answered])).toEqual([
      ['end_session_endpoint', ['absent'], '{ims}/ims/logout/v1'],
      ['new_member', ['absent'], 'true'],
    ])
  })

  test('a metadata document that is missing is one difference, not one for each member', async () => {
    const { url } = await startChanged((path) =>
      path === '/.well-known/openid-configuration' ? new Response('gone', { status: 404 }) : undefined,
    )
    const { differences } = await probed(await shellWith('oauth_public', url), 1)
    expect(differences.map(({ call, fact, answered }) => [call, fact, answered])).toEqual([
      ['discovery', 'status', '404'],
      ['discovery', 'type', 'text/plain'],
    ])
  })

  test('secrets, ids, tokens and marks in the texts of a server are not printed', async () => {
    const { client_id, client_secrets, ims_org_id, technical_account_id } = server()
    const parts = [client_id, client_secrets[0], ims_org_id, technical_account_id, 'eyJhbGciOiJub25lIn0.eyJhIjoiYiJ9.x']
    const ids = ['user@example.org', '0123456789abcdef0123456789abcdef', '99990123456789ABCDEF0123@AdobeID']
    const { url } = await startChanged((_, form) =>
      form.get('client_secret') === 'imskit-probe-unknown' && form.get('client_id') === client_id
        ? Response.json(
            { error: 'e', error_description: [...parts, ...ids, '\u001b[2J\nx'].join(' ') },
            { status: 400 },
          )
        : undefined,
    )
    const shell = await shellWith('oauth_server_to_server', url)
    const { stdout } = await shell.run(['probe', 'mine', '--yes'])
    expect(stdout).toContain('| wrong secret | `error` | `invalid_client` | `e` | B |')
    for (const secret of [...parts, ...ids, '\u001b']) expect(stdout).not.toContain(secret)
  })

  test('a redirect of a refused request is reported and not followed', async () => {
    const { url, asked } = await startChanged((_, form) =>
      form.get('scope') === 'imskit-probe-unknown'
        ? new Response(null, { status: 302, headers: { location: '/followed?error=invalid_scope' } })
        : undefined,
    )
    const { unknown, differences } = await probed(await shellWith('oauth_server_to_server', url), 1)
    expect(differences).toContainEqual(expect.objectContaining({ call: 'unknown scope', answered: '302' }))
    expect(unknown).toContainEqual({ call: 'unknown scope', fact: 'error in Location', answered: 'invalid_scope' })
    expect(asked.filter((path) => path.startsWith('/followed'))).toEqual([])
  })

  test('without a token, what needs one is left out', async () => {
    const { url, asked } = await startChanged((_, form) =>
      isToken(form) ? Response.json({ error: 'invalid_client' }, { status: 400 }) : undefined,
    )
    const { differences, leftOut, tokenLeft } = await probed(await shellWith('oauth_server_to_server', url), 1)
    expect(differences).toContainEqual(expect.objectContaining({ call: 'token', fact: 'status', answered: '400' }))
    expect(leftOut).toEqual(['validation', 'altered token', 'revocation', 'invalidation', 'revoked token'])
    expect(tokenLeft).toBe(false)
    expect(asked).not.toContain('/ims/revoke')
  })
})

describe('the token', () => {
  test('is invalidated if it cannot be revoked', async () => {
    const { url, asked } = await startChanged((path) =>
      path === '/ims/revoke' ? Response.json({ error: 'server_error' }, { status: 500 }) : undefined,
    )
    const report = await probed(await shellWith('oauth_server_to_server', url), 1)
    expect(asked).toContain('/ims/invalidate_token/v2')
    expect(report.tokenLeft).toBe(false)
    expect(report.differences.map(({ call, fact }) => [call, fact])).toEqual([
      ['revocation', 'status'],
      ['revocation', 'body'],
    ])
  })

  test('is reported if nothing ends it', async () => {
    const { url } = await startChanged((path) =>
      /revoke|invalidate/.test(path) ? Response.json({ error: 'server_error' }, { status: 500 }) : undefined,
    )
    const shell = await shellWith('oauth_server_to_server', url)
    expect((await probed(shell, 1)).tokenLeft).toBe(true)
    expect((await shell.run(['probe', 'mine', '--yes'])).stdout).toContain('A token could not be revoked')
  })

  test('is revoked also if it was issued where a refusal was expected', async () => {
    const revoked: string[] = []
    const { url } = await startChanged((path, form) => {
      if (path === '/ims/revoke') revoked.push(form.get('token') ?? '')
      return form.get('scope') === 'imskit-probe-unknown' ? Response.json({ access_token: 'unexpected' }) : undefined
    })
    const report = await probed(await shellWith('oauth_server_to_server', url), 1)
    expect(report.differences).toMatchObject([{ call: 'unknown scope', fact: 'status', answered: '200' }])
    expect(revoked).toEqual([expect.stringMatching(/^eyJ/), 'unexpected'])
    expect(JSON.stringify(report)).not.toContain('unexpected')
  })

  test('is revoked also after an interruption, and nothing else is asked then', async () => {
    let interrupt = async () => {}
    const { url, asked } = await startChanged(async (path) => {
      if (path === '/ims/validate_token/v1') await interrupt()
      return undefined
    })
    const running = (await shellWith('oauth_server_to_server', url)).start(['probe', 'mine', '--yes', '--json'])
    interrupt = async () => {
      running.kill('SIGINT')
      await running.said(/Interrupted/)
    }
    const { code, stdout } = await running.ended
    expect(code).toBe(130)
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 130, tokenLeft: false })
    expect(asked.slice(-2)).toEqual(['/ims/validate_token/v1', '/ims/revoke'])
  })
})

test('a call without an answer is named with its reason, and the others are made', async () => {
  const takeBack = emulator.fault({ path: '/ims/keys', drop: 'before' })
  onTestFinished(takeBack)
  const report = await probed(await shellWith('oauth_public'), 1)
  expect(report.failures).toEqual([{ call: 'keys', reason: expect.any(String) }])
  expect(report.answered).toHaveLength(9)
})

describe('consent', () => {
  test('is needed: without a terminal and --yes nothing is asked, and the exit code is 2', async () => {
    const shell = await shellWith('oauth_server_to_server')
    const before = emulator.requests.length
    const { code, stdout, stderr } = await shell.run(['probe', 'mine'], { input: 'y\n' })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('consent')
    expect(emulator.requests).toHaveLength(before)
  })

  const hasTerminals = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0

  /** The command at a terminal, where `typed` answers the question; resolves to what the screen showed. */
  async function atTerminal({ place }: Shell, typed: string): Promise<{ code: number | null; screen: string }> {
    const line = `${process.execPath} ${built('cli')} probe mine`
    const child = spawn('script', ['-qec', line, '/dev/null'], { cwd: place.cwd, env: place.env })
    onTestFinished(() => void child.kill('SIGKILL'))
    let screen = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const waited = !screen.includes('[y/N]')
      screen += text
      if (waited && screen.includes('[y/N]')) child.stdin.write(typed)
    })
    const [code] = await once(child, 'close')
    return { code, screen }
  }

  test.runIf(hasTerminals)('at a terminal every request is named before the question', async () => {
    const { code, screen } = await atTerminal(await shellWith('oauth_server_to_server'), 'y\r')
    expect(screen).toMatch(/sends these requests to http:\/\/127\.0\.0\.1:\d+, with the credential of context 'mine'/)
    expect(screen).toContain('POST /ims/revoke for the token')
    expect(screen).toContain('### imskit probe')
    expect(code).toBe(0)
  })

  test.runIf(hasTerminals).each([
    ['no', 'n\r'],
    ['an empty line', '\r'],
    ['Ctrl-C', '\u0003'],
    ['the end of input', '\u0004'],
  ])('%s is not a consent, and nothing is sent', async (_, typed) => {
    const shell = await shellWith('oauth_server_to_server')
    const before = emulator.requests.length
    const { code, screen } = await atTerminal(shell, typed)
    expect(screen).toContain('No request was sent.')
    expect(code).toBe(1)
    expect(emulator.requests).toHaveLength(before)
  })
})

describe('where the secret goes', () => {
  test('a project may not name another server for a credential of the user', async () => {
    const { url, asked } = await startChanged(() => undefined)
    const shell = newShell()
    await setContext(shell, emulator, 'oauth_server_to_server', 'mine')
    writeFileSync(shell.place.localFile, JSON.stringify({ ims: { config: { endpoint: url } } }))
    const { code, stderr } = await shell.run(['probe', 'mine', '--yes'])
    expect(code).toBe(1)
    expect(stderr).toContain('UNTRUSTED_SOURCE')
    expect(asked).toEqual([])
  })

  test('the endpoint of the context is the one that is asked', async () => {
    const { url, asked } = await startChanged(() => undefined)
    const shell = await shellWith('oauth_server_to_server', 'http://127.0.0.1:9')
    await shell.run(['context', 'set', 'mine', `endpoint=${url}`, '--merge'])
    expect((await probed(shell, 0)).failures).toEqual([])
    expect(asked).toHaveLength(16)
  })

  test('a context that is not complete is refused before anything is asked', async () => {
    const shell = newShell(emulator.url)
    await shell.run(['context', 'set', 'mine', 'client_id=x'])
    const { code, stderr } = await shell.run(['probe', 'mine', '--yes'])
    expect(code).toBe(1)
    expect(stderr).toContain('CANNOT_GENERATE_TOKEN')
  })
})
