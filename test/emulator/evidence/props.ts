import { randomBytes } from 'node:crypto'
import { decodeJwt } from 'jose'
import { assertion } from './assertions.ts'
import { createJourneys, type Journeys } from './journeys.ts'
import type { Row } from './row.ts'
import { endpoint, type Scene } from './scene.ts'

// what the braces in a row stand for: codes, tokens and assertions, made for that row

/** Replaces each `{name}` by what is made for it, once per row. */
export type Fill = (text: string) => Promise<string>
type Makers = Readonly<Record<string, () => string | undefined | Promise<string | undefined>>>

/** A JWT of the form of an IMS token that no key of the emulator signed. */
function foreignToken(type: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { type, client_id: 'web-app', created_at: String(Date.now()), expires_in: '86400000', as: 'ims-na1' }
  return `${part({ alg: 'RS256', kid: 'other' })}.${part(claims)}.${randomBytes(256).toString('base64url')}`
}

function userMakers({ client, post, code, redeem, tokens, ...journeys }: Journeys): Makers {
  const userId = async () => String(decodeJwt((await tokens()).access_token ?? '').user_id)
  /** The access token, after something was done that ends it. */
  const ended = async (end: (access: string, refresh: string) => Promise<unknown>) => {
    const { access_token = '', refresh_token = '' } = await tokens()
    await end(access_token, refresh_token)
    return access_token
  }
  return {
    endpoint: () => endpoint,
    verifier: () => journeys.verifier,
    challenge: () => journeys.challenge,
    code,
    'code used': async () => {
      const used = await code()
      await redeem(used)
      return used
    },
    access_token: async () => (await tokens()).access_token,
    'access_token revoked': () => ended((token) => post('/ims/revoke', { token, ...client })),
    'access_token cascaded': () =>
      ended((_, token) => {
        const form = { token, token_type: 'refresh_token', cascading: 'all', ...client }
        return post('/ims/invalidate_token/v2', form)
      }),
    'access_token signed-out': () => ended((access_token) => post('/ims/logout/v1/token', { access_token, ...client })),
    refresh_token: async () => (await tokens()).refresh_token,
    'refresh_token used': async () => {
      const { refresh_token = '' } = await tokens()
      await post('/ims/token/v3', { grant_type: 'refresh_token', refresh_token, ...client })
      return refresh_token
    },
    user_id: userId,
    guid: async () => (await userId()).split('@')[0],
    auth_src: async () => (await userId()).split('@')[1],
  }
}

function machineMakers(journeys: Journeys): Makers {
  const { post } = journeys
  const account = { client_id: 'service-account', client_secret: 'service-account-secret' }
  const exchanged = async () =>
    (await post('/ims/exchange/jwt', { ...account, jwt_token: await assertion('', journeys) })).access_token
  const service = { client_id: 'service', client_secret: 'service-secret', code: 'permanent-code' }
  const server = { client_id: 'server-to-server', client_secret: 'first-secret', scope: 'AdobeID,read_organizations' }
  return {
    service_token: async () =>
      (await post('/ims/token/v4', { grant_type: 'authorization_code', ...service })).access_token,
    technical_token: async () =>
      (await post('/ims/token/v3', { grant_type: 'client_credentials', ...server })).access_token,
    'account_token earlier': async () => {
      const first = await exchanged()
      await exchanged()
      return first
    },
  }
}

function promiseMakers(scene: Scene): Makers {
  const { post, tokens, client } = createJourneys(scene, { client: 'promise-emitter' })
  const consumer = { client_id: 'promise-consumer', client_secret: 'consumer-secret', scope: 'openid' }
  const promised = async () => {
    const authenticating_token = (await tokens()).access_token ?? ''
    const form = { promise_definition_id: 'the-definition', scope: 'openid,AdobeID', authenticating_token, ...client }
    return (await post('/ims/token/v4', { grant_type: 'promise', ...form })).promise_token
  }
  return {
    'emitter access_token': async () => (await tokens()).access_token,
    promise_token: promised,
    'promise_token used': async () => {
      const promise_token = (await promised()) ?? ''
      await post('/ims/token/v4', { grant_type: 'promise_exchange', promise_token, ...consumer })
      return promise_token
    },
  }
}

/** Makes what the row names, when it names it. */
export function createProps(scene: Scene, row: Row): Fill {
  const journeys = createJourneys(scene, row.signIn)
  const makers: Makers = { ...userMakers(journeys), ...machineMakers(journeys), ...promiseMakers(scene) }
  const made = new Map<string, Promise<string>>()

  async function makeNew(name: string): Promise<string> {
    if (name.startsWith('garbage ')) return foreignToken(name.slice('garbage '.length))
    if (name.startsWith('assertion')) return assertion(name.slice('assertion '.length), journeys)
    const value = await makers[name]?.()
    if (value === undefined) throw new Error(`nothing is made for {${name}}`)
    return value
  }

  function make(name: string): Promise<string> {
    const known = made.get(name) ?? makeNew(name)
    made.set(name, known)
    return known
  }

  return async (text) => {
    let filled = text
    for (const [whole, name = ''] of text.matchAll(/\{([a-z_]+[a-z_ -]*)\}/g))
      filled = filled.replace(whole, await make(name))
    return filled
  }
}
