import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readKeyText } from '../../../src/adapters/node/config/read-key.ts'
import { readPrivateKey } from '../../../src/core/keys/read-private-key.ts'
import { expectSigns, openssl, opensslBytes, plainPassphrase, refusal, shown } from '../../core/keys/openssl.ts'

let folder = ''
let pem = ''
let publicPem = ''
const options = { passphrase: plainPassphrase, readKey: readKeyText }

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'imskit-read-key-'))
  pem = openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048')
  publicPem = openssl('pkey -pubout', pem)
})

afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

describe('encrypted PEM', () => {
  const legacyCiphers = ['aes128', 'aes192', 'aes256', 'des3', 'camellia256']

  it.each(legacyCiphers)('reads legacy PEM with %s, also where its newlines are lost', async (cipher) => {
    const legacy = openssl(`rsa -traditional -${cipher} -passout pass:${plainPassphrase}`, pem)
    expect(legacy).toContain('DEK-Info')
    const forms = [legacy, legacy.replaceAll('\n', '\\n'), legacy.replaceAll('\n', ' '), legacy.replaceAll('\n', '')]
    forms.push(legacy.replaceAll('\n', '\r\n'), JSON.stringify(legacy.split('\n')), btoa(legacy))
    for (const form of forms) await expectSigns(await readPrivateKey(form, options), publicPem)
    // many wrong ones: once in 256 times what they decrypt to looks like a key at first
    for (let wrong = 0; wrong < 600; wrong++) {
      const { message } = await refusal(legacy, { ...options, passphrase: `wrong ${wrong}` })
      expect(message).toMatch(/cannot be decrypted\. Check the passphrase/)
    }
    expect((await refusal(legacy, { readKey: readKeyText })).message).toMatch(/no passphrase is given/)
  })

  const schemes = ['-v1 PBE-SHA1-3DES', '-v2 des3', '-scrypt', '-v2 aes-256-cbc -v2prf hmacWithSHA224']

  it.each(schemes)('reads PKCS#8 with %s', async (scheme) => {
    const encrypted = openssl(`pkcs8 -topk8 ${scheme} -passout pass:${plainPassphrase}`, pem)
    await expectSigns(await readPrivateKey(encrypted, options), publicPem)
    await expectSigns(await readPrivateKey(encrypted.replaceAll('\n', ''), options), publicPem)
    const { message } = await refusal(encrypted, { ...options, passphrase: 'wrong' })
    expect(message).toMatch(/cannot be decrypted/)
  })

  it('names the cipher if OpenSSL no longer supports it', async () => {
    const command = `pkcs8 -topk8 -v1 PBE-MD5-DES -provider legacy -provider default -passout pass:${plainPassphrase}`
    const { message } = await refusal(openssl(command, pem), options)
    expect(message).toMatch(/no longer supports.*openssl pkcs8 -topk8 .*-provider legacy/)
  })

  it('refuses what is not an RSA key behind the encryption', async () => {
    const ec = openssl('ecparam -name prime256v1 -genkey')
    const encrypted = openssl(`pkcs8 -topk8 -scrypt -passout pass:${plainPassphrase}`, ec)
    expect((await refusal(encrypted, options)).message).toMatch(/elliptic-curve/)
    expect((await refusal(openssl(`ec -aes256 -passout pass:${plainPassphrase}`, ec), options)).message).toMatch(
      /elliptic-curve/,
    )
  })

  it('says what is wrong with a damaged DEK-Info line', async () => {
    const legacy = openssl(`rsa -traditional -aes256 -passout pass:${plainPassphrase}`, pem)
    for (const damaged of [legacy.replace(/,[0-9A-F]{32}/, ',AB'), legacy.replace('DEK-Info', 'DEK')]) {
      expect((await refusal(damaged, options)).message).toMatch(/DEK-Info line or its base64 is not whole/)
    }
  })
})

describe('files', () => {
  it('reads every format from absolute and relative paths', async () => {
    const encrypted = openssl(`pkcs8 -topk8 -passout pass:${plainPassphrase}`, pem)
    const legacy = openssl(`rsa -traditional -aes256 -passout pass:${plainPassphrase}`, pem)
    const scrypt = openssl(`pkcs8 -topk8 -scrypt -passout pass:${plainPassphrase}`, pem)
    const contents: Record<string, string | Uint8Array> = {
      'pkcs8.pem': pem,
      'with space.pem': `\ufeff${pem.replaceAll('\n', '\r\n')}`,
      'private.key': openssl('rsa -traditional', pem),
      'encrypted.pem': encrypted,
      'legacy.pem': legacy,
      'scrypt.pem': scrypt,
      'key.der': opensslBytes('pkcs8 -topk8 -nocrypt -outform DER', pem),
      'encrypted.der': opensslBytes(`pkcs8 -topk8 -outform DER -passout pass:${plainPassphrase}`, pem),
      'utf16.pem': Buffer.from(`\ufeff${pem}`, 'utf16le'),
      'key.json': JSON.stringify(pem.split('\n')),
      noextension: pem,
      'schlüssel.pem': pem,
      MIIaB3dE9fGhQ2rT5yU7iOp0: pem,
    }
    for (const [name, content] of Object.entries(contents)) {
      const path = file(name, content)
      await expectSigns(await readPrivateKey(path, options), publicPem)
      await expectSigns(await readPrivateKey(relative(process.cwd(), path), options), publicPem)
    }
  })

  it('takes ~/ for the home directory', async () => {
    const path = file('home.pem', pem)
    await expectSigns(await readPrivateKey(`~/${relative(homedir(), path)}`, options), publicPem)
  })

  it('names a file that cannot be read, and says why', async () => {
    const missing = join(folder, 'keys', 'missing.pem')
    const message = async (path: string) => (await refusal(path, options, 'INVALID_KEY_FILE')).message
    expect(await message(missing)).toBe(
      `The key file ${missing} does not exist. Correct private_key, or create the file.`,
    )
    expect(await message('keys/no-such.key')).toContain(join(process.cwd(), 'keys/no-such.key'))
    expect(await message('~/no-such-key-file.pem')).toContain(join(homedir(), 'no-such-key-file.pem'))
    mkdirSync(join(folder, 'directory.pem'))
    expect(await message(join(folder, 'directory.pem'))).toMatch(/directory\.pem is a directory or device/)
    expect(await message('/dev/zero')).toMatch(/dev\/zero is a directory or device/)
    expect(await message(file('empty.pem', ''))).toMatch(/empty\.pem is empty/)
    expect(await message(file('large.pem', pem.repeat(40)))).toMatch(/large\.pem has more than 65536 bytes/)
    expect(await message(join(file('below.pem', pem), 'key.pem'))).toMatch(/key file .* does not exist/)
  })

  it('shows nothing of what a file holds', async () => {
    const lines = pem.split('\n')
    const damaged = lines.with(4, `${lines[4]}*`).join('\n')
    const contents = { 'damaged.pem': damaged, 'notes.txt': 'my secret notes', 'path.txt': join(folder, 'pkcs8.pem') }
    for (const [name, content] of Object.entries(contents)) {
      const code = name === 'damaged.pem' ? 'INVALID_KEY' : 'INVALID_KEY_FILE'
      const text = shown(await refusal(file(name, content), options, code))
      for (const line of content.split('\n').slice(1, -2)) expect(text).not.toContain(line)
      expect(text).not.toContain('secret notes')
      expect(text).not.toContain('pkcs8.pem')
    }
  })

  it('shows no text that may be key material, and looks for no file unless the text may be a path', async () => {
    const fragment = Buffer.from(pem.split('\n')[6] ?? '', 'base64')
      .toString('base64')
      .slice(0, 60)
    const error = await refusal(fragment, options)
    expect(error.message).toMatch(/neither PEM/)
    expect(shown(error)).not.toContain(fragment.slice(0, 12))
    for (const text of ['', '   ', 'two\nlines', 'nul\0byte', 'x'.repeat(1025)]) {
      expect(await readKeyText(text)).toBeUndefined()
    }
  })

  it('does not show a passphrase that got into the place of the key', async () => {
    for (const source of [plainPassphrase.toLowerCase(), `./${plainPassphrase.toLowerCase()}`]) {
      const error = await refusal(source, { readKey: readKeyText, passphrase: plainPassphrase.toLowerCase() })
      expect(shown(error)).not.toContain(plainPassphrase.toLowerCase())
    }
  })
})
