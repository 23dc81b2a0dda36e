import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { root } from './sources.ts'

const program = join(root, 'scripts/dev.mjs')

afterAll(() => rmSync(join(root, '.tmp/dev'), { recursive: true, force: true }))

test('npm run dev starts the emulator from source', async () => {
  const child = spawn(process.execPath, [program, 'emulator', '--port', '0'], { cwd: root })
  try {
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
    await expect.poll(() => printed, { timeout: 30_000 }).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n/)
    const response = await fetch(`${printed.trim()}/ims/keys`)
    expect(response.status).toBe(200)
  } finally {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
})

test('npm run dev runs any other command once, and ends as it ended', () => {
  const run = (...words: string[]) => spawnSync(process.execPath, [program, ...words], { cwd: root, encoding: 'utf8' })
  const help = run('decode', '--help')
  expect(help.status).toBe(0)
  expect(help.stdout).toContain('Usage: imskit decode')
  expect(run('no-such-command').status).toBe(2)
})
