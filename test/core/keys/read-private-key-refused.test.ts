import { beforeAll, describe, expect, it } from 'vitest'
import { readPrivateKey } from '../../../src/core/keys/read-private-key.ts'
import { expectSigns, openssl, opensslBytes, opensslOnFile, plainPassphrase, refusal } from './openssl.ts'

let pem = ''
let publicPem = ''
let certificate = ''
let request = ''

beforeAll(() => {
  pem = openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048')
  publicPem = openssl('pkey -pubout', pem)
  certificate = opensslOnFile('req -x509 -new -key FILE -subj /CN=imskit -days 1', pem)
  request = opensslOnFile('req -new -key FILE -subj /CN=imskit', pem)
})

const body = (text: string) => text.replace(/-----[^-]+-----|\s/g, '')
const bare = (der: Uint8Array) => Buffer.from(der).toString('base64')
const asPem = (der: Uint8Array) => `-----BEGIN PRIVATE KEY-----\n${bare(der)}\n-----END PRIVATE KEY-----`

async function message(source: unknown): Promise<string> {
  return (await refusal(source, { passphrase: plainPassphrase })).message
}

describe('other kinds', () => {
  it('names an EC key in each form', async () => {
    const sec1 = openssl('ecparam -name prime256v1 -genkey')
    const pkcs8 = openssl('pkcs8 -topk8 -nocrypt', sec1)
    const encrypted = openssl(`pkcs8 -topk8 -passout pass:${plainPassphrase}`, sec1)
    const der = opensslBytes('ec -outform DER', sec1)
    for (const source of [sec1, pkcs8, encrypted, body(pkcs8), bare(der), { kty: 'EC', crv: 'P-256', d: 'AA' }]) {
      expect(await message(source)).toMatch(/elliptic-curve.*RS256/)
    }
    expect(await message(openssl('ecparam -name prime256v1'))).toMatch(/elliptic-curve/)
  })

  it('names keys of other algorithms', async () => {
    expect(await message(openssl('genpkey -algorithm ED25519'))).toMatch(/Ed25519/)
    expect(await message(openssl('genpkey -algorithm X25519'))).toMatch(/X25519/)
    expect(await message({ kty: 'OKP', crv: 'Ed25519', d: 'AA' })).toMatch(/Ed25519/)
    expect(await message(openssl('genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048'))).toMatch(/RSA-PSS/)
    expect(await message('-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----')).toMatch(/DSA/)
  })

  it('names public keys, certificates and requests', async () => {
    const rsaPublic = openssl('rsa -RSAPublicKey_out', pem)
    for (const source of [publicPem, body(publicPem), rsaPublic, body(rsaPublic)]) {
      expect(await message(source)).toMatch(/public key. Give the RSA private key/)
    }
    for (const source of [certificate, body(certificate)]) expect(await message(source)).toMatch(/is a certificate\./)
    for (const source of [request, body(request)]) expect(await message(source)).toMatch(/is a certificate request\./)
  })

  it('names OpenSSH and PKCS#12 files and says how to convert them', async () => {
    const openssh = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----'
    expect(await message(openssh)).toMatch(/OpenSSH.*ssh-keygen -p -m PKCS8/)
    const p12 = opensslBytes(`pkcs12 -export -passout pass:${plainPassphrase}`, pem + certificate)
    expect(await message(bare(p12))).toMatch(/PKCS#12.*openssl pkcs12/)
  })

  it('names nothing if the label is not a label', async () => {
    const found = await message('-----BEGIN MIIEVGIBADANBGKQHKIG-----\nAAAA\n-----END MIIEVGIBADANBGKQHKIG-----')
    expect(found).toMatch(/not an RSA private key/)
    expect(found).not.toContain('MIIEVGIB')
    expect(await message('-----BEGIN constructor-----\nAAAA\n-----END constructor-----')).toMatch(
      /not an RSA private key/,
    )
  })
})

describe('the size of the key', () => {
  it.each([1024, 2040])('refuses %i bits, in each form (S83)', async (bits) => {
    const small = openssl(`genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:${bits}`)
    const sources = [small, openssl('rsa -traditional', small), body(small)]
    sources.push(openssl(`pkcs8 -topk8 -passout pass:${plainPassphrase}`, small))
    for (const source of sources) expect(await message(source)).toMatch(new RegExp(`has ${bits} bits.*2048`))
  })

  it('refuses a small CryptoKey', async () => {
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) }
    const { privateKey } = await crypto.subtle.generateKey({ ...algorithm, hash: 'SHA-256' }, false, ['sign', 'verify'])
    expect(await message(privateKey)).toMatch(/has 1024 bits/)
  })
})

describe('a CryptoKey', () => {
  const publicExponent = new Uint8Array([1, 0, 1])
  const rsa = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent, hash: 'SHA-256' }

  it('is taken as it is where it can sign RS256', async () => {
    const pair = await crypto.subtle.generateKey(rsa, false, ['sign', 'verify'])
    expect(await readPrivateKey(pair.privateKey)).toBe(pair.privateKey)
    expect(await message(pair.publicKey)).toMatch(/CryptoKey cannot sign RS256/)
    expect(await message(pair)).toMatch(/not an RSA key in JWK form/)
  })

  it('is refused where it cannot', async () => {
    const sha512 = await crypto.subtle.generateKey({ ...rsa, hash: 'SHA-512' }, false, ['sign', 'verify'])
    const pss = await crypto.subtle.generateKey({ ...rsa, name: 'RSA-PSS' }, false, ['sign', 'verify'])
    const oaep = await crypto.subtle.generateKey({ ...rsa, name: 'RSA-OAEP' }, false, ['encrypt', 'decrypt'])
    const ec = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    for (const { privateKey } of [sha512, pss, oaep, ec]) {
      expect(await message(privateKey)).toMatch(/CryptoKey cannot sign RS256/)
    }
    const secret = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    expect(await message(secret)).toMatch(/CryptoKey cannot sign RS256/)
  })
})

describe('damage', () => {
  it('says what is missing', async () => {
    for (const empty of ['', ' \n', '\ufeff', '""', '[]', [], [''], Buffer.from('').toString('base64')]) {
      expect(await message(empty)).toMatch(/is empty/)
    }
    expect(await message(undefined)).toMatch(/is missing/)
    expect(await message(null)).toMatch(/is missing/)
    expect(await message(pem.slice(0, pem.indexOf('-----END')))).toMatch(/END line is missing/)
    expect(await message(pem.replace('-----BEGIN', '----BEGIN'))).toMatch(/BEGIN line is not whole/)
    expect(await message('-----BEGIN PRIVATE KEY')).toMatch(/not an RSA private key/)
    expect(await message('-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----')).toMatch(/not base64/)
  })

  it('tells damaged base64 from truncated DER from damaged numbers', async () => {
    const whole = body(pem)
    expect(await message(pem.replace(/\n(.)/, '\n*$1'))).toMatch(/not base64/)
    expect(await message(`${whole.slice(0, 500)}#${whole.slice(500)}`)).toMatch(/base64 is not whole/)
    expect(await message(whole.slice(0, 800))).toMatch(/DER is not whole/)
    const lines = pem.split('\n')
    expect(await message(lines.toSpliced(9, 1).join('\n'))).toMatch(/DER is not whole/)
    expect(await message(lines.with(9, 'A'.repeat(64)).join('\n'))).toMatch(/numbers do not belong together/)
  })

  it('notices a flipped bit in any of the numbers', async () => {
    const der = opensslBytes('rsa -traditional -outform DER', pem)
    for (const at of [40, 300, 600, 720, 850, 980, 1110]) {
      const flipped = Buffer.from(der)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      expect(await message(asPem(flipped))).toMatch(/numbers do not belong together/)
    }
  })

  it('refuses versions that are not defined', async () => {
    const pkcs1 = opensslBytes('rsa -traditional -outform DER', pem)
    const pkcs8 = opensslBytes('pkcs8 -topk8 -nocrypt -outform DER', pem)
    for (const der of [pkcs1, pkcs8]) {
      expect(der.subarray(4, 7).toString('hex')).toBe('020100')
      der[6] = 2
      expect(await message(asPem(der))).toMatch(/DER is not whole/)
    }
  })

  it('refuses what is not a key', async () => {
    const path = /neither PEM, base64 nor JSON/
    for (const text of ['hello', 'correct horse battery staple', 'AAAA'.repeat(100), '0', 'bnVsbA==']) {
      expect(await message(text)).toMatch(path)
    }
    for (const value of [42, true, () => pem, Symbol('key')]) expect(await message(value)).toMatch(/is a \w+\./)
    expect(await message([pem, 42])).toMatch(/array that does not hold lines/)
    expect(await message('{"a":1}')).toMatch(/not an RSA key in JWK form/)
    expect(await message({ keys: [] })).toMatch(/JWK set/)
    expect(await message(Buffer.from(pem))).toMatch(/is a buffer/)
    expect(await message(pem.repeat(60))).toMatch(/more than 65536 characters/)
    expect(await message(`${'["'.repeat(5)}`)).toMatch(path)
    const nested = Array.from({ length: 8 }).reduce<string>((text) => JSON.stringify(text), pem)
    expect(await message(nested)).toMatch(path)
  })

  it('refuses hostile DER', async () => {
    // a SEQUENCE in a SEQUENCE in a …, each with its right length
    let nest = Buffer.alloc(0)
    while (nest.length < 30_000) {
      const head = nest.length < 0x80 ? [0x30, nest.length] : [0x30, 0x82, nest.length >> 8, nest.length & 0xff]
      if (nest.length >= 0x80 && nest.length < 0x100) head.splice(1, 3, 0x81, nest.length)
      nest = Buffer.concat([Buffer.from(head), nest])
    }
    const sources = [nest, Buffer.from('3080020100', 'hex'), Buffer.from('30ffffffffff', 'hex'), Buffer.alloc(9000, 5)]
    sources.push(Buffer.from('1f813082', 'hex'), Buffer.from('3084000000020500', 'hex'))
    for (const der of sources) expect(await message(asPem(der))).toMatch(/DER is not whole/)
  })

  it('refuses keys with more than two primes', async () => {
    const multi = openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3')
    expect(await message(multi)).toMatch(/more than two primes/)
    expect(await message(openssl('rsa -traditional', multi))).toMatch(/more than two primes/)
  })
})

describe('absurd costs', () => {
  it('refuses absurd numbers of iterations before doing any', async () => {
    const der = opensslBytes(`pkcs8 -topk8 -outform DER -passout pass:${plainPassphrase}`, pem)
    for (const iterations of ['020400989681', '02047fffffff', '020900ffffffffffffffff']) {
      expect(await message(asPem(grow(der, '02020800', iterations)))).toMatch(/more than 10000000/)
    }
    for (const iterations of ['02028800', '02020000', '05020800']) {
      expect(await message(asPem(grow(der, '02020800', iterations)))).toMatch(/parameters are not whole/)
    }
  })

  it('refuses absurd costs of schemes that only readKey could do', async () => {
    const readKey = () => Promise.reject(new Error('asked'))
    const scrypt = opensslBytes(`pkcs8 -topk8 -scrypt -scrypt_p 1 -outform DER -passout pass:${plainPassphrase}`, pem)
    const hex = scrypt.toString('hex')
    expect(hex).toContain('02024000020108020101')
    const costly = Buffer.from(hex.replace('02024000020108020101', '0202400002010802017f'), 'hex')
    const options = { passphrase: plainPassphrase, readKey }
    expect((await refusal(asPem(costly), options)).message).toMatch(/more than 10000000/)
    const pbes1 = opensslBytes(`pkcs8 -topk8 -v1 PBE-SHA1-3DES -outform DER -passout pass:${plainPassphrase}`, pem)
    expect(pbes1.toString('hex')).toContain('02020800')
    const slow = grow(pbes1, '02020800', '02047fffffff')
    expect((await refusal(asPem(slow), options)).message).toMatch(/more than 10000000/)
  })

  /** Puts `to` in the place of `from` and lengthens every SEQUENCE around it. */
  function grow(der: Buffer, from: string, to: string): Buffer {
    const at = der.indexOf(Buffer.from(from, 'hex'))
    const added = (to.length - from.length) / 2
    const grown = Buffer.concat([der.subarray(0, at), Buffer.from(to, 'hex'), der.subarray(at + from.length / 2)])
    let open = 0
    while (open < at) {
      const long = grown[open + 1] === 0x82
      const start = open + (long ? 4 : 2)
      const length = long ? grown.readUInt16BE(open + 2) : (grown[open + 1] ?? 0)
      const inside = start + length > at
      if (inside && long) grown.writeUInt16BE(length + added, open + 2)
      if (inside && !long) grown[open + 1] = length + added
      open = inside ? start : start + length
    }
    return grown
  }

  it('reads the key that the tests above took apart', async () => {
    await expectSigns(await readPrivateKey(pem), publicPem)
  })
})

describe('paths', () => {
  it('asks readKey about short text on one line, and reads what the file holds', async () => {
    const asked: string[] = []
    const readKey = async (source: string) => {
      asked.push(source)
      return ` ${body(pem)} `
    }
    await expectSigns(await readPrivateKey(' ./keys/private.key\n', { readKey }), publicPem)
    await expectSigns(await readPrivateKey(['keys/private'], { readKey }), publicPem)
    await expectSigns(await readPrivateKey('"C:\\\\new\\\\ranges.pem"', { readKey }), publicPem)
    expect(asked).toEqual(['./keys/private.key', 'keys/private', 'C:\\new\\ranges.pem'])
  })

  it('does not follow a file that holds a path', async () => {
    const asked: string[] = []
    const readKey = async (source: string) => {
      asked.push(source)
      return './other.pem'
    }
    expect((await refusal('./key.pem', { readKey })).message).toMatch(/neither PEM/)
    expect(asked).toHaveLength(1)
  })

  it('never asks about anything that could be a key', async () => {
    const asked: string[] = []
    const readKey = async (source: string) => {
      asked.push(source)
      return undefined
    }
    const whole = body(pem)
    const damaged = [`${whole.slice(0, 90)}#`, whole.slice(0, 90), pem.slice(0, 200), pem.slice(5), pem.slice(-60)]
    damaged.push(Buffer.from(pem).toString('base64').replace('a', '#').slice(0, 900), 'two\nlines', 'x'.repeat(1025))
    for (const source of damaged) await refusal(source, { readKey })
    expect(asked).toEqual([])
  })
})
