import { beforeAll, expect, it } from 'vitest'
import { type PrivateKeySource, readPrivateKey } from '../../../src/core/keys/read-private-key.ts'
import { expectSigns, openssl, opensslBytes, opensslOnFile } from './openssl.ts'

const keys: Record<'pkcs8' | 'pkcs1', string> = { pkcs8: '', pkcs1: '' }
let publicPem = ''
let certificate = ''

beforeAll(() => {
  keys.pkcs8 = openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048')
  keys.pkcs1 = openssl('rsa -traditional', keys.pkcs8)
  publicPem = openssl('pkey -pubout', keys.pkcs8)
  certificate = opensslOnFile('req -x509 -new -key FILE -subj /CN=imskit -days 1', keys.pkcs8)
})

const base64 = (text: string) => Buffer.from(text).toString('base64')
const body = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '')
const bag = 'Bag Attributes\n    localKeyID: 01 02 03\n    friendlyName: my key\nKey Attributes: <No Attributes>\n'

const manglings: Record<string, (pem: string) => PrivateKeySource> = {
  'as it is': (pem) => pem,
  'escaped newlines': (pem) => pem.replaceAll('\n', '\\n'),
  'escaped CRLF': (pem) => pem.replaceAll('\n', '\\r\\n'),
  'twice escaped newlines': (pem) => pem.replaceAll('\n', '\\\\n'),
  'escaped and real newlines': (pem) => pem.replaceAll('\n', '\\n\n'),
  CRLF: (pem) => pem.replaceAll('\n', '\r\n'),
  'CR only': (pem) => pem.replaceAll('\n', '\r'),
  'newlines lost': (pem) => pem.replaceAll('\n', ''),
  'newlines turned to spaces': (pem) => pem.replaceAll('\n', ' '),
  'newlines turned to tabs': (pem) => pem.replaceAll('\n', '\t'),
  'white space around it': (pem) => `\n \t${pem}\n\n  `,
  'a byte order mark': (pem) => `\ufeff${pem}`,
  'indented lines': (pem) => pem.replace(/^/gm, '    '),
  'zero-width spaces': (pem) => pem.replaceAll('\n', '\n\u200b'),
  'quotes that are no JSON': (pem) => `"${pem}"`,
  'single quotes': (pem) => `'${pem}'`,
  lines: (pem) => pem.split('\n'),
  'lines with newlines': (pem) => pem.split('\n').map((line) => `${line}\\n`),
  'JSON of a string': (pem) => JSON.stringify(pem),
  'JSON of lines': (pem) => JSON.stringify(pem.split('\n'), null, 2),
  'JSON of JSON': (pem) => JSON.stringify(JSON.stringify(pem)),
  'base64 of PEM': base64,
  'base64 of PEM in lines': (pem) => base64(pem).replace(/.{76}/g, '$&\n'),
  'base64 of PEM without padding': (pem) => base64(`${pem}\n`).replace(/=+$/, ''),
  'base64 of JSON of lines': (pem) => base64(JSON.stringify(pem.split('\n'))),
  'base64 of a key bag': (pem) => base64(bag + pem),
  'base64 of DER': body,
  'base64 of DER in lines': (pem) => body(pem).replace(/.{64}/g, '$&\r\n'),
  'text before it': (pem) => bag + pem,
  'a certificate before it': (pem) => certificate + pem,
  'a certificate and text after it': (pem) => `${pem}${bag}${certificate}`,
  'a certificate before it on one line': (pem) => (certificate + pem).replaceAll('\n', ' '),
  'another kind of key before it': (pem) => openssl('ecparam -name prime256v1 -genkey') + pem,
  'text without a newline before it': (pem) => `PRIVATE_KEY=${pem}`,
}

it.each(Object.entries(manglings))('reads PKCS#8 and PKCS#1: %s', async (_name, mangle) => {
  for (const pem of Object.values(keys)) await expectSigns(await readPrivateKey(mangle(pem)), publicPem)
})

it('reads DER that other tools made, with attributes behind the key', async () => {
  const der = opensslBytes('pkcs8 -topk8 -nocrypt -outform DER', keys.pkcs8)
  const attributes = Buffer.from('a00d300b0603551d0f310403020080', 'hex')
  const content = Buffer.concat([der.subarray(4), attributes])
  const head = Buffer.from([0x30, 0x82, content.length >> 8, content.length & 0xff])
  await expectSigns(await readPrivateKey(Buffer.concat([head, content]).toString('base64')), publicPem)
})

it('never asks readKey about what is a key', async () => {
  const asked: string[] = []
  const readKey = async (source: string) => {
    asked.push(source)
    return undefined
  }
  for (const mangle of Object.values(manglings)) await readPrivateKey(mangle(keys.pkcs8), { readKey })
  expect(asked).toEqual([])
})
