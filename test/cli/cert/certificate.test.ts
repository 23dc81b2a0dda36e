import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createLocalCertificate } from '../../../src/adapters/node/cli/cert/certificate.ts'
import { newFolder } from '../../kit/folder.ts'

const { ca, cert, key } = createLocalCertificate()

/** What openssl prints, or the message of its refusal. */
function openssl(folder: string, ...args: readonly string[]): string {
  try {
    return execFileSync('openssl', [...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return `${stdout}${stderr}`
  }
}

function filesWith(files: Readonly<Record<string, string>>): string {
  const folder = newFolder()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

describe('the certificate, as openssl sees it', () => {
  const strict = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca.pem']

  test.each([
    ['-verify_hostname', 'localhost'],
    ['-verify_ip', '127.0.0.1'],
    ['-verify_ip', '::1'],
  ])('is valid for %s %s, by the strict rules', (...name) => {
    expect(openssl(filesWith({ 'ca.pem': ca, 'cert.pem': cert }), ...strict, ...name, 'cert.pem')).toBe(
      'cert.pem: OK\n',
    )
  })

  test.each([
    ['-verify_hostname', 'example.com', 'hostname mismatch'],
    ['-verify_ip', '127.0.0.2', 'IP address mismatch'],
  ])('is not valid for %s %s', (option, name, message) => {
    const folder = filesWith({ 'ca.pem': ca, 'cert.pem': cert })
    expect(openssl(folder, ...strict, option, name, 'cert.pem')).toContain(message)
  })

  test('belongs to its key, and has the extensions that browsers require', () => {
    const leaf = new X509Certificate(cert)
    expect(leaf.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
    expect(leaf.ca).toBe(false)
    const text = openssl(filesWith({ 'cert.pem': cert, 'key.pem': key }), 'x509', '-in', 'cert.pem', '-noout', '-text')
    expect(text).toMatch(/Extended Key Usage:\s+TLS Web Server Authentication/)
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/)
    const publicKey = (...args: string[]) => openssl(filesWith({ 'cert.pem': cert, 'key.pem': key }), ...args)
    expect(publicKey('x509', '-in', 'cert.pem', '-noout', '-pubkey')).toBe(
      publicKey('pkey', '-in', 'key.pem', '-pubout'),
    )
  })
})

describe('the authority', () => {
  const text = () => openssl(filesWith({ 'ca.pem': ca }), 'x509', '-in', 'ca.pem', '-noout', '-text')

  test('may sign for this machine only, directly', () => {
    expect(text()).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/)
    expect(text()).toMatch(
      /Name Constraints: critical\s+Permitted:\s+DNS:localhost\s+IP:127\.0\.0\.1\/255\.255\.255\.255\s+IP:0:0:0:0:0:0:0:1\/FFFF(:FFFF){7}\n/,
    )
    expect(text()).toMatch(/Key Usage: critical\s+Certificate Sign\n/)
  })

  test('has a key and a name of its own each time', () => {
    const [one, other] = [new X509Certificate(ca), new X509Certificate(createLocalCertificate().ca)]
    expect(one.subject).toMatch(/^CN=imskit localhost \d{4}-\d\d-\d\d [0-9a-f]{6}$/)
    expect(other.subject).not.toBe(one.subject)
    expect(other.publicKey.equals(one.publicKey)).toBe(false)
    // the key that is stored is not the authority's
    expect(new X509Certificate(ca).checkPrivateKey(createPrivateKey(key))).toBe(false)
  })

  test('is valid for as long as Apple accepts, from an hour ago', () => {
    const now = Date.UTC(2027, 0, 31, 12)
    const made = createLocalCertificate(now)
    for (const pem of [made.ca, made.cert]) {
      const { validFrom, validTo } = new X509Certificate(pem)
      expect(Date.parse(validFrom)).toBe(now - 3_600_000)
      expect((Date.parse(validTo) - Date.parse(validFrom)) / 86_400_000).toBeLessThan(825)
    }
  })
})

test('a certificate of another name that the authority would sign is refused', () => {
  // made by openssl with an authority of the same constraints, whose key this test knows
  const folder = filesWith({
    'ca.cnf': `[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\nbasicConstraints=critical,CA:TRUE\n${constraintsLine()}`,
    'leaf.ext': 'subjectAltName=DNS:example.com\n',
  })
  const p256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl(folder, 'req', '-x509', ...p256, '-keyout', 'k.pem', '-out', 'ca.pem', '-subj', '/CN=a', '-config', 'ca.cnf')
  openssl(folder, 'req', '-new', ...p256, '-keyout', 'l.pem', '-out', 'l.csr', '-subj', '/CN=b', '-config', 'ca.cnf')
  const signing = ['-CA', 'ca.pem', '-CAkey', 'k.pem', '-CAcreateserial', '-extfile', 'leaf.ext']
  openssl(folder, 'x509', '-req', '-in', 'l.csr', ...signing, '-out', 'leaf.pem')
  expect(openssl(folder, 'verify', '-CAfile', 'ca.pem', 'leaf.pem')).toContain('permitted subtree violation')
})

/** The constraints of the authority, in openssl's words. */
function constraintsLine(): string {
  const text = openssl(filesWith({ 'ca.pem': ca }), 'x509', '-in', 'ca.pem', '-noout', '-ext', 'nameConstraints')
  const names = [...text.matchAll(/^\s+(DNS|IP):(\S+)$/gm)].map(([, kind, value]) => `permitted;${kind}:${value}`)
  expect(names).toHaveLength(3)
  return `nameConstraints=critical,${names.join(',')}\n`
}
