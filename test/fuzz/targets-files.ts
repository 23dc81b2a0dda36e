import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEnvironment } from '../../src/adapters/node/config/environment.ts'
import { parseConfig, printConfig } from '../../src/adapters/node/config/file-format.ts'
import { readRelayAnswer } from '../../src/adapters/node/login/relay-result.ts'
import { clientCredentials, createClient, memoryPlatform } from '../../src/core/index.ts'
import { createEmulator } from '../../src/emulator/index.ts'
import { must, type Target } from './target.ts'

/** Parsers of files, of the relay's and IMS's answers, and of the emulator. */
export async function fileTargets(): Promise<Target[]> {
  const emulator = await createEmulator()
  const folder = mkdtempSync(join(tmpdir(), 'imskit-fuzz-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return [
    {
      name: 'aio',
      async run(input) {
        const parsed = await parseConfig(input, '/etc/aio')
        if (parsed.format === 'json') await printConfig(parsed)
      },
    },
    {
      name: 'env',
      async run(input) {
        writeFileSync(join(folder, '.env'), input)
        const { tree, variables } = await readEnvironment({ cwd: folder, home: folder, env: {} })
        must(Object.getPrototypeOf(tree) === Object.prototype, 'the tree has another prototype')
        must(!('AIO_CONFIG_FILE' in variables), 'the file names another configuration')
      },
    },
    {
      name: 'relay',
      run(input) {
        const result = readRelayAnswer(new URLSearchParams(input))?.result
        if (result?.type === 'access_token') must(Number.isFinite(result.accessToken.expiry), 'an expiry is not a time')
      },
    },
    {
      name: 'ims-answer',
      // IMS describes its refusals, and the error says what it said
      secret: false,
      async run(input) {
        const flow = clientCredentials({ clientId: 'c', clientSecret: 'the-secret', orgId: 'o', scopes: [] })
        const fetch = async () => new Response(input, { headers: { 'content-type': 'application/json' } })
        const client = createClient({ ...memoryPlatform(), flow, fetch, retry: { retries: 0 } })
        const token: unknown = await client.getToken()
        must(typeof token === 'string' && token !== '', 'it is not a token')
        const { expiresAt: expiry } = await client.getTokens()
        must(expiry > Date.now() && expiry < Date.now() + 400 * 86_400_000, 'its expiry cannot be believed')
      },
    },
    {
      name: 'form',
      secret: false,
      async run(input) {
        const [head = '', ...rest] = input.split('\n')
        const [path = '', ...type] = head.split(' ')
        if (!URL.canParse(emulator.url + path)) return
        const url = new URL(emulator.url + path)
        if (url.origin !== emulator.url || url.username !== '' || url.password !== '') return
        const said = type.join(' ')
        const headers = { 'content-type': /^[\x20-\x7e]+$/.test(said) ? said : 'application/x-www-form-urlencoded' }
        const response = await emulator.fetch(url, {
          method: 'POST',
          headers,
          body: rest.join('\n'),
          redirect: 'manual',
        })
        must(response.status < 500, `it answers ${response.status}`)
      },
    },
  ]
}
