import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../kit/server.ts'

/** A Redis of its own, empty, on loopback. */
export interface RunningRedis {
  readonly url: string
  /** Kills the server, so that it writes nothing more; its connections break. */
  kill(): Promise<void>
  /** Starts a server that was killed, on the same port, with what it has on disk. */
  start(): Promise<void>
  close(): Promise<void>
}

export interface RedisServerOptions {
  /** Whether every write is on disk before it is confirmed, so that a restart loses nothing. Default: `false`. */
  readonly durable?: boolean
}

export async function startRedis({ durable = false }: RedisServerOptions = {}): Promise<RunningRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'imskit-redis-'))
  const port = await freePort()
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory]
  const disk = ['--save', '', '--appendonly', durable ? 'yes' : 'no', '--appendfsync', 'always']
  let server = await launch([...place, ...disk])
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill(signal)
    await ended
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: () => end('SIGKILL'),
    async start() {
      server = await launch([...place, ...disk])
    },
    async close() {
      await end('SIGTERM')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function launch(args: string[]): Promise<ChildProcess> {
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`redis-server ${why}; scripts/machine.sh installs it\n${said}`))
    server.once('error', (error) => fail(error.message))
    server.once('exit', (code) => fail(`ended with ${code}`))
    for (const stream of [server.stdout, server.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (/Ready to accept connections/.test(said)) resolve()
      })
  })
  return server
}
