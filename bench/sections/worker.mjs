import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { startEmulator } from 'imskit/emulator'
import { Miniflare } from 'miniflare'
import { claimsOf, tokenHeader } from '../fixtures.mjs'
import { pairedRounds, ratioRow } from '../measure.mjs'

/** In workerd: the guard against the bare signature check, and what a cached getToken reads from KV. */
export default async function worker() {
  const ims = await keyServer()
  const emulator = await startEmulator()
  const { client_id: clientId, client_secrets: clientSecret, scopes } = emulator.contexts.oauth_server_to_server
  const credential = { clientId, clientSecret, scopes }
  const guarded = await startWorkerd({ ...ims.facts, credential })
  const serving = await startWorkerd({ endpoint: emulator.url, credential })
  try {
    const ops = 400
    const found = await pairedRounds(
      {
        ours: { ops, run: () => guarded.run('guard', ops) },
        floor: { ops, run: () => guarded.run('bare', ops) },
      },
      { rounds: 21, warmUp: 4 },
    )
    await serving.run('token', 1)
    const { get: before } = await serving.run('token', 1)
    const { get: after } = await serving.run('token', 1000)
    return [
      ratioRow('guard with known keys, in workerd', found, 1.6),
      {
        figure: 'KV reads of 1000 cached getToken',
        ours: String(after - before),
        target: '0',
        met: after === before,
      },
    ]
  } finally {
    await guarded.end()
    await serving.end()
    await emulator.close()
    ims.close()
  }
}

async function keyServer() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: tokenHeader.kid }
  const claims = { ...claimsOf('worker'), created_at: String(Date.now()), expires_in: '86400000' }
  const signed = [tokenHeader, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signature = sign('RSA-SHA256', Buffer.from(signed), privateKey).toString('base64url')
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [jwk] }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${server.address().port}`
  return {
    facts: { endpoint, jwk, token: `${signed}.${signature}` },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function startWorkerd(facts) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../processes/guarded-worker.mjs', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker'],
  })
  const workerd = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0].text }],
    compatibilityDate: '2026-04-01',
    host: '127.0.0.1',
    port: 0,
    kvNamespaces: ['KV'],
    bindings: { bench: facts },
  })
  const url = await workerd.ready
  return {
    async run(task, ops) {
      const response = await fetch(new URL(`?task=${task}&ops=${ops}`, url))
      if (response.status !== 200) throw new Error(`${task}: ${await response.text()}`)
      return response.json()
    },
    end: () => workerd.dispose(),
  }
}
