import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../kit/build.ts'
import { newShell } from '../command.ts'

beforeAll(() => build())

interface Made {
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly expiresAt: number
  readonly authority: string
  readonly spki: string
}

describe('imskit cert', () => {
  test('makes files that only this user can read, and installs nothing', async () => {
    const shell = newShell()
    const { code, stdout, stderr } = await shell.run(['cert'])
    const folder = join(shell.place.home, '.config', 'imskit')
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${join(folder, 'localhost-ca.pem')}\n` })
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    for (const name of ['localhost-ca.pem', 'localhost.pem', 'localhost-key.pem']) {
      expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600])
    }
    expect(stderr).toMatch(/Made a certificate for localhost, 127\.0\.0\.1 and ::1, valid until \d{4}-\d\d-\d\d\./)
    expect(stderr).toContain('Nothing was installed')
    expect(stderr).toMatch(/NODE_EXTRA_CA_CERTS=\S+localhost-ca\.pem/)
    expect(stderr).not.toContain('PRIVATE KEY')
  })

  test('finds them the next time, and replaces them with --renew', async () => {
    const shell = newShell()
    const first = await shell.json<Made>(['cert'])
    expect(first.expiresAt).toBeGreaterThan(Date.now() + 700 * 86_400_000)
    const again = await shell.run(['cert'])
    expect(again.stderr).toMatch(/^Found a certificate/)
    expect(await shell.json(['cert'])).toEqual(first)
    const renewed = await shell.json<Made>(['cert', '--renew'])
    expect(renewed.authority).not.toBe(first.authority)
    expect(renewed.ca).toBe(first.ca)
  })

  test.each([
    ['a key that is not that of the certificate', 'key', (other: Made) => readFileSync(other.key, 'utf8')],
    ['a certificate of another authority', 'cert', (other: Made) => readFileSync(other.cert, 'utf8')],
    ['text that is not a certificate', 'ca', () => 'text'],
  ] as const)('makes new ones in place of %s', async (_name, part, replacement) => {
    const [shell, elsewhere] = [newShell(), newShell()]
    const [first, other] = [await shell.json<Made>(['cert']), await elsewhere.json<Made>(['cert'])]
    writeFileSync(first[part], replacement(other))
    const next = await shell.json<Made>(['cert'])
    expect(next.authority).not.toBe(first.authority)
    expect(await shell.json(['cert'])).toEqual(next)
  })

  test('says that the folder cannot be used', async () => {
    const shell = newShell()
    writeFileSync(join(shell.place.home, '.config', 'imskit'), 'a file')
    const { code, stderr } = await shell.run(['cert'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('STORE_FAILED') })
  })
})
