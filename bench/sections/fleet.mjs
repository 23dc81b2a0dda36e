import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { clientCredentials, createClient, fromUnstorage, redisLock } from 'imskit/node'
import { Redis } from 'ioredis'
import { createStorage } from 'unstorage'
import redisDriver from 'unstorage/drivers/redis'
import { median } from '../measure.mjs'
import { time } from '../table.mjs'
import { startWorker } from '../worker.mjs'

const sizes = [1, 10, 100, 1000]
const day = 86_400_000

/** Instances of one credential on one Redis, each with connections and memory of its own, whose token expires for all at once. */
export default async function fleet() {
  const redis = await startRedis()
  // a token takes 20 ms
  const server = await startWorker('token-server', ['20'])
  try {
    const endpoint = await server.ask('url')
    const rows = []
    let alone
    for (const size of sizes) {
      const { requests, waits } = await renewTogether({
        size,
        redis: redis.url,
        endpoint,
        asked: () => server.ask('requests'),
      })
      const [half, last] = [median(waits), Math.max(...waits)]
      alone ??= last
      rows.push({
        figure: `${size} instances on one Redis, the token expires: requests; median; last`,
        ours: `${requests}; ${time(half * 1e6)}; ${time(last * 1e6)}`,
        ratio: `${(last / alone).toFixed(1)}x`,
        target: '1 request',
        met: requests === 1,
      })
    }
    return rows
  } finally {
    await server.end()
    await redis.end()
  }
}

async function renewTogether({ size, redis, endpoint, asked }) {
  let ahead = 0
  const clock = {
    now: () => Date.now() + ahead,
    monotonic: () => performance.now(),
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  }
  const instances = Array.from({ length: size }, () => startInstance({ redis, endpoint, clock, size }))
  try {
    await Promise.all(instances.map(({ client }) => client.getToken()))
    const before = await asked()
    ahead = day
    const waits = await Promise.all(
      instances.map(async ({ client }) => {
        const began = performance.now()
        await client.getToken()
        return performance.now() - began
      }),
    )
    return { requests: (await asked()) - before, waits }
  } finally {
    await Promise.all(instances.map(({ end }) => end()))
  }
}

function startInstance({ redis, endpoint, clock, size }) {
  const driver = redisDriver({ url: redis, base: `fleet-${size}` })
  const connection = new Redis(redis)
  const flow = clientCredentials({ clientId: `fleet-${size}`, clientSecret: 'secret', scopes: ['openid', 'AdobeID'] })
  const store = fromUnstorage(createStorage({ driver }))
  const client = createClient({ flow, endpoint, store, lock: redisLock(connection), clock })
  return {
    client,
    async end() {
      client.close()
      connection.disconnect()
      await driver.dispose?.()
    },
  }
}

async function startRedis() {
  const port = await freePort()
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.stdout.on('data', (text) => /Ready to accept/.test(text) && resolve())
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    async end() {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
