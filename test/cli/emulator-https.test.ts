import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium } from 'playwright'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { launchOptions } from '../browser/browser.ts'
import { build } from '../kit/build.ts'
import { newFolder } from '../kit/folder.ts'
import { newShell, type Shell } from './command.ts'

// the emulator over https, and an app behind its relay, as Node and a browser see them

beforeAll(() => build())

const hasCertutil = spawnSync('certutil', ['--version']).error === undefined

/** The development server of an app, with a web socket that answers as RFC 6455 says. */
async function startApp(): Promise<number> {
  const app: Server = createServer((incoming, outgoing) => {
    outgoing.setHeader('content-type', 'text/html')
    outgoing.end(`<title>${incoming.url}</title><script>
      const socket = new WebSocket('wss://' + location.host + '/hmr')
      socket.onmessage = ({ data }) => { document.title = data }
    </script>`)
  })
  app.on('upgrade', ({ headers }, socket) => {
    const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
    const accept = createHash('sha1')
      .update(headers['sec-websocket-key'] + magic)
      .digest('base64')
    const head = ['HTTP/1.1 101 Switching Protocols', 'connection: Upgrade', 'upgrade: websocket']
    socket.on('error', () => {})
    socket.write(`${[...head, `sec-websocket-accept: ${accept}`].join('\r\n')}\r\n\r\n`)
    socket.write(Buffer.concat([Buffer.from([0x81, 6]), Buffer.from('update')]))
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    app.closeAllConnections()
    app.close()
  })
  return (app.address() as AddressInfo).port
}

interface Addresses {
  readonly url: string
  readonly relayUrl: string
  readonly spki: string
}

/** The command with a relay in front of an app, and the public key of its certificate. */
async function startRelayed(shell: Shell, options: readonly string[] = []): Promise<Addresses> {
  const port = String(await startApp())
  const { spki } = await shell.json<{ spki: string }>(['cert'])
  const running = shell.start(['emulator', '--json', '--relay', port, ...options])
  const [line] = await running.said(/^\{.*\}\n/)
  return { ...JSON.parse(line), spki }
}

/** A Chromium with a home of its own. */
async function browserIn(home: string, args: readonly string[] = []) {
  const context = await chromium.launchPersistentContext(newFolder(), {
    ...launchOptions(args),
    env: { ...(process.env as Record<string, string>), HOME: home },
  })
  onTestFinished(() => context.close())
  context.setDefaultTimeout(10_000)
  return context
}

describe('imskit emulator --https', () => {
  test('Node trusts it with NODE_EXTRA_CA_CERTS, which exec sets, and only then', async () => {
    const shell = newShell()
    const program = `
      const { IMS_ENDPOINT, CLIENT_ID, CLIENT_SECRET, SCOPES, REDIRECT_URI } = process.env
      const form = { grant_type: 'client_credentials', client_id: CLIENT_ID, client_secret: CLIENT_SECRET, scope: SCOPES }
      fetch(IMS_ENDPOINT + '/ims/token/v3', { method: 'POST', body: new URLSearchParams(form) })
        .then((response) => response.json())
        .then(({ token_type }) => console.log(IMS_ENDPOINT.split(':')[0], token_type), (error) => console.log(error.cause.code))`
    const exec = ['emulator', 'exec', '--https', '--']
    const trusting = await shell.run([...exec, process.execPath, '-e', program])
    expect(trusting).toMatchObject({ code: 0, stdout: 'https bearer\n' })
    expect(trusting.stderr).toContain('Made a certificate for localhost')
    const untrusting = await shell.run([...exec, 'env', '-u', 'NODE_EXTRA_CA_CERTS', process.execPath, '-e', program])
    expect(untrusting.stdout).toMatch(/^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)\n$/)
    // the second time it was there
    expect(untrusting.stderr).not.toContain('Made a certificate')
  })

  test('the lines to copy name the certificate of the authority', async () => {
    const shell = newShell()
    const running = shell.start(['emulator', '--https'])
    const [, url = '', file = ''] = await running.said(
      /AIO_IMS_CONFIG_ENDPOINT=(https:\S+)\nexport NODE_EXTRA_CA_CERTS=(\S+)\n/,
    )
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(readFileSync(file, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/)
  })

  test('a relay has a port of its own, which is the redirect URI of programs', async () => {
    const shell = newShell()
    const port = String(await startApp())
    const print = 'console.log(process.env.REDIRECT_URI)'
    const options = ['--kind', 'oauth_public', '--relay', port]
    const { stdout, stderr } = await shell.run(['emulator', 'exec', ...options, '--', process.execPath, '-e', print])
    const [, relayUrl] = /The app over https: (https:\/\/localhost:\d+)\n/.exec(stderr) ?? []
    expect(stdout).toBe(`${relayUrl}/callback\n`)
    expect(await shell.run(['emulator', '--relay-port', '1'])).toMatchObject({ code: 2 })
    expect(await shell.run(['emulator', '--relay', port, '--relay-port', port])).toMatchObject({ code: 1, stdout: '' })
  })
})

describe('a browser', () => {
  async function useApp(context: Awaited<ReturnType<typeof browserIn>>, { relayUrl, url }: Addresses): Promise<void> {
    const page = await context.newPage()
    await page.goto(`${relayUrl}/start`)
    // by the web socket of the app
    await page.waitForFunction(() => document.title === 'update')
    expect(await page.evaluate('isSecureContext')).toBe(true)
    const query = { client_id: 'emulator-public', scope: 'openid', redirect_uri: `${relayUrl}/callback` }
    const pkce = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' }
    await page.goto(`${url}/ims/authorize/v2?${new URLSearchParams({ ...query, ...pkce })}`)
    await page.waitForURL(/\/callback\?code=/)
    expect(new URL(page.url()).origin).toBe(relayUrl)
  }

  test('that does not trust the authority shows neither', async () => {
    const { relayUrl, url } = await startRelayed(newShell())
    const page = await (await browserIn(newFolder())).newPage()
    for (const address of [relayUrl, url]) {
      await expect(page.goto(address)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID')
    }
  })

  test('with the public key of the certificate signs in, and web sockets work', async () => {
    const started = await startRelayed(newShell(), ['--auto-login', 'user@example.com'])
    const context = await browserIn(newFolder(), [`--ignore-certificate-errors-spki-list=${started.spki}`])
    await useApp(context, started)
  })

  test.skipIf(!hasCertutil)('that trusts the authority as the guide says signs in', async () => {
    const shell = newShell()
    const started = await startRelayed(shell, ['--auto-login', 'user@example.com'])
    const { stderr } = await shell.run(['cert'])
    const commands = stderr.split('\n').filter((line) => /^ {2}(mkdir|certutil .* -A )/.test(line))
    expect(commands).toHaveLength(2)
    const home = newFolder()
    const env = { PATH: process.env.PATH, HOME: home }
    for (const line of commands) execFileSync('sh', ['-c', line], { env, stdio: 'pipe' })
    await useApp(await browserIn(home), started)
  })
})
