import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { signAssertion } from 'imskit/node'
import { oldLibrary } from '../fixtures.mjs'
import { pairedRounds, ratioRow } from '../measure.mjs'

/** An assertion with a PEM that was read before, against the bare signature of as many bytes. */
export default async function sign() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const found = await pairedRounds(
    {
      ours: { ops: 1, run: oursAgain(pem) },
      floor: { ops: 1, run: await floorAgain(pem) },
      old: { ops: 1, run: oldAgain(pem) },
    },
    { rounds: 1001, warmUp: 200 },
  )
  return [ratioRow('signing a JWT with a known PEM', found, 1.15)]
}

const credential = {
  clientId: 'bench-client',
  clientSecret: 'secret',
  technicalAccountId: 'ABCDEF0123456789ABCDEF01@techacct.adobe.com',
  orgId: 'ABCDEF0123456789ABCDEF01@AdobeOrg',
  metaScopes: ['ent_dataservices_sdk'],
}

function oursAgain(privateKey) {
  return async (ops) => {
    for (let op = 0; op < ops; op++) await signAssertion({ ...credential, privateKey })
  }
}

async function floorAgain(pem) {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign'])
  const data = new TextEncoder().encode('x'.repeat(420))
  return async (ops) => {
    for (let op = 0; op < ops; op++) await crypto.subtle.sign(algorithm.name, key, data)
  }
}

function oldAgain(privateKey) {
  const plugin = oldLibrary('/node_modules/@adobe/aio-lib-ims-jwt')
  const ims = { getApiUrl: (api) => `https://ims-na1.adobelogin.com${api}`, exchangeJwtToken: async () => ({}) }
  const config = {
    client_id: credential.clientId,
    client_secret: credential.clientSecret,
    technical_account_id: credential.technicalAccountId,
    meta_scopes: credential.metaScopes,
    ims_org_id: credential.orgId,
    private_key: privateKey,
  }
  return async (ops) => {
    for (let op = 0; op < ops; op++) await plugin.imsLogin(ims, config)
  }
}
