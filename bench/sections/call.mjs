import { clientCredentials, createClient, Ims, memoryPlatform } from 'imskit/node'
import { oldLibrary } from '../fixtures.mjs'
import { pairedRounds, ratioRow } from '../measure.mjs'
import { startWorker } from '../worker.mjs'

const credential = { clientId: 'bench-client', clientSecret: 'p8e-bench-secret' }
const orgId = 'ABCDEF0123456789ABCDEF01@AdobeOrg'
const scopes = ['openid', 'AdobeID', 'read_organizations']

/** A token request to a server in another process, against fetch of the same form and its JSON. */
export default async function call() {
  const server = await startWorker('token-server')
  try {
    const url = await server.ask('url')
    const candidate = (run) => ({ ops: 10, run })
    const candidates = { floor: candidate(fetchAgain(url)), old: candidate(oldAgain(url)) }
    const byClient = await pairedRounds(
      { ours: candidate(clientAgain(url)), ...candidates },
      { rounds: 101, warmUp: 20 },
    )
    const byIms = await pairedRounds({ ours: candidate(imsAgain(url)), ...candidates }, { rounds: 101, warmUp: 20 })
    return [
      ratioRow('uncached client.getToken', byClient, 1.1),
      ratioRow('uncached getAccessTokenByClientCredentials', byIms, 1.1),
    ]
  } finally {
    await server.end()
  }
}

function clientAgain(endpoint) {
  const client = createClient({
    flow: clientCredentials({ ...credential, scopes, orgId }),
    endpoint,
    ...memoryPlatform(),
  })
  return async (ops) => {
    for (let op = 0; op < ops; op++) await client.getToken({ force: true })
  }
}

function imsAgain(endpoint) {
  const ims = new Ims({ endpoint })
  return async (ops) => {
    for (let op = 0; op < ops; op++) {
      await ims.getAccessTokenByClientCredentials(credential.clientId, credential.clientSecret, orgId, scopes)
    }
  }
}

function oldAgain(endpoint) {
  const ims = new (oldLibrary().Ims)('prod')
  ims.endpoint = endpoint
  return async (ops) => {
    for (let op = 0; op < ops; op++) {
      await ims.getAccessTokenByClientCredentials(credential.clientId, credential.clientSecret, orgId, scopes)
    }
  }
}

function fetchAgain(endpoint) {
  const url = `${endpoint}/ims/token/v3`
  const { clientId, clientSecret } = credential
  return async (ops) => {
    for (let op = 0; op < ops; op++) {
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        scope: scopes.join(','),
        org_id: orgId,
      })
      const answer = await fetch(url, { method: 'POST', body, headers: { accept: 'application/json' } })
      const { access_token } = await answer.json()
      if (access_token === undefined) throw new Error('no token')
    }
  }
}
