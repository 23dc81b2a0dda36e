import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { localCertificate } from '../../../src/adapters/node/cli/cert/certificate-files.ts'
import { trustGuide } from '../../../src/adapters/node/cli/cert/trust.ts'
import { newFolder } from '../../kit/folder.ts'

beforeEach(() => void vi.stubEnv('XDG_CONFIG_HOME', newFolder()))
afterEach(() => void vi.unstubAllEnvs())

const day = 86_400_000

test('a certificate that expires within a day is made again', async () => {
  const first = await localCertificate()
  expect((await localCertificate({ now: first.expiresAt - 2 * day })).authority).toBe(first.authority)
  const next = await localCertificate({ now: first.expiresAt - day / 2 })
  expect(next.authority).not.toBe(first.authority)
  expect([first.isNew, next.isNew, (await localCertificate()).isNew]).toEqual([true, true, false])
})

test('the guide names the tools of each system, quoted for its shell', async () => {
  const stored = await localCertificate()
  const files = { ...stored.files, ca: '/home/a user/localhost-ca.pem' }
  const guide = (platform: NodeJS.Platform) => trustGuide({ ...stored, files }, platform)
  const named = `'${stored.authority}'`
  expect(guide('darwin')).toContain(
    "security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db '/home/a user/localhost-ca.pem'",
  )
  expect(guide('darwin')).toContain(`security delete-certificate -c ${named}`)
  expect(guide('win32')).toContain('certutil -user -addstore Root "/home/a user/localhost-ca.pem"')
  expect(guide('win32')).toContain("$env:NODE_EXTRA_CA_CERTS = '/home/a user/localhost-ca.pem'")
  expect(guide('linux')).toContain(`-n ${named} -i '/home/a user/localhost-ca.pem'`)
  expect(guide('linux')).toContain('sudo update-ca-certificates')
  for (const platform of ['darwin', 'win32', 'linux'] as const) {
    expect(guide(platform)).toContain('Firefox:')
    expect(guide(platform)).toContain('Remove it again')
    expect(guide(platform)).toContain(stored.files.key)
  }
})
