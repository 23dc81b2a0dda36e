import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { build, root } from '../kit/build.ts'
import { folderOfFile } from '../kit/folder.ts'
import { pack } from '../kit/packed.ts'
import { newPlace } from '../kit/place.ts'

// docker/Dockerfile without Docker: its commands with the packed package, on this machine

const run = promisify(execFile)

/** The instructions, in order. */
const instructions = readFileSync(join(root, 'docker', 'Dockerfile'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1)] as const)

const the = (name: string) => {
  const found = instructions.filter(([each]) => each === name)
  if (found.length !== 1) throw new Error(`${found.length} instructions ${name}`)
  return found[0]?.[1] ?? ''
}
const wordsOf = (text: string) => JSON.parse(text.slice(text.indexOf('['))) as string[]

const prefix = folderOfFile()
const bin = join(prefix, 'bin')

/** A free port, instead of the one of the image, which may be taken on this machine. */
async function freePort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}

beforeAll(async () => {
  await build()
  const { filename } = await pack(root, prefix)
  const [program = '', ...words] = the('RUN').split(' ')
  const args = words.map((word) => (word.startsWith('imskit@') ? join(prefix, filename) : word))
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  await run(program, [...args, ...quiet], { env: { ...process.env, npm_config_prefix: prefix } })
}, 300_000)

describe('the image', () => {
  test('installs this version, does not run as root, and names the port that it listens on', () => {
    expect(instructions.map(([name]) => name)).toEqual(['FROM', 'RUN', 'USER', 'EXPOSE', 'HEALTHCHECK', 'ENTRYPOINT'])
    expect(the('RUN')).toContain(`imskit@${packageJson.version}`)
    expect(Number(/node:(\d+)/.exec(the('FROM'))?.[1])).toBeGreaterThanOrEqual(20)
    expect(the('USER')).toBe('node')
    const words = wordsOf(the('ENTRYPOINT'))
    expect(words[words.indexOf('--port') + 1]).toBe(the('EXPOSE'))
    expect(wordsOf(the('HEALTHCHECK')).join(' ')).toContain(`127.0.0.1:${the('EXPOSE')}/`)
  })

  test('answers on all interfaces, is healthy when it answers only, and stops on SIGTERM', async () => {
    const port = await freePort()
    const atPort = (words: readonly string[]) => words.map((word) => word.replaceAll(the('EXPOSE'), port))
    const { env, cwd } = newPlace()
    const inImage = { cwd, env: { ...env, PATH: `${bin}${delimiter}${env.PATH}` } }
    const isHealthy = () => {
      const [program = '', ...args] = atPort(wordsOf(the('HEALTHCHECK')))
      return run(program, args, inImage).then(
        () => true,
        () => false,
      )
    }
    expect(await isHealthy()).toBe(false)
    const [program = '', ...args] = atPort(wordsOf(the('ENTRYPOINT')))
    // options of `docker run` follow
    const child = spawn(program, [...args, '--auto-login', 'user@example.com'], inImage)
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    const [line] = await once(child.stdout, 'data')
    expect(String(line)).toBe(`http://127.0.0.1:${port}\n`)
    expect(await isHealthy()).toBe(true)
    // by an address that is not the one of loopback that it would listen on otherwise
    expect((await fetch(`http://127.0.0.2:${port}/ims/keys`)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })
})

test('an address that other machines reach needs both options', async () => {
  const { env, cwd } = newPlace()
  const refused = run(join(bin, 'imskit'), ['emulator', '--host', '0.0.0.0'], { cwd, env })
  await expect(refused).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('not a security boundary') })
})
