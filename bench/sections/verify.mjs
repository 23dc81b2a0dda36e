import { generateKeyPairSync, sign } from 'node:crypto'
import { Ims } from 'imskit/node'
import { claimsOf, tokenHeader } from '../fixtures.mjs'
import { pairedRounds, ratioRow } from '../measure.mjs'

/** ims.verifyToken with known keys against the bare signature check. The old library has nothing of the kind. */
export default async function verify() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: tokenHeader.kid }
  const claims = { ...claimsOf('verify'), created_at: String(Date.now()), expires_in: '86400000' }
  const signed = [tokenHeader, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signature = sign('RSA-SHA256', Buffer.from(signed), privateKey)
  const found = await pairedRounds(
    {
      ours: { ops: 4, run: oursAgain(jwk, `${signed}.${signature.toString('base64url')}`) },
      floor: { ops: 4, run: await floorAgain(jwk, { data: Buffer.from(signed), signature }) },
    },
    { rounds: 1001, warmUp: 200 },
  )
  return [ratioRow('verifying a token with known keys', found, 1.5)]
}

function oursAgain(jwk, token) {
  const fetch = async () => Response.json({ keys: [jwk] })
  const ims = new Ims({ env: 'prod', fetch })
  const options = { clientId: 'bench-client', scopes: ['AdobeID'] }
  return async (ops) => {
    for (let op = 0; op < ops; op++) await ims.verifyToken(token, options)
  }
}

async function floorAgain(jwk, { data, signature }) {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify'])
  return async (ops) => {
    for (let op = 0; op < ops; op++) await crypto.subtle.verify(algorithm.name, key, signature, data)
  }
}
