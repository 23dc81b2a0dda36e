import {
  authorizationCode,
  type Client,
  clientCredentials,
  createClient,
  type DurableNamespace,
  durableLock,
  durableTokens,
  ImsLock as ImsLockOfPackage,
  type KvNamespace,
  type LoginClient,
  type Platform,
  type WorkerContext,
  workerPlatform,
} from '../../../src/adapters/worker/index.ts'
import type { Report } from '../judge/reports.ts'
import { eventReporter } from './client-loop.ts'
import type { ServerAddress } from './process-child.ts'
import { staleKv } from './stale-kv.ts'
import { type Watch, watched } from './watch.ts'

// an isolate of the gauntlet: a client for each request, tokens of users in Durable Objects, those of machines in KV

interface Env {
  readonly KV: KvNamespace
  readonly IMS: DurableNamespace
  readonly actor: string
  readonly servers: readonly ServerAddress[]
}

/** The class of the package, which can be reset as by a deployment. */
export class ImsLock extends ImsLockOfPackage {
  readonly #state: { abort(reason: string): void }

  constructor(state: ConstructorParameters<typeof ImsLockOfPackage>[0] & { abort(reason: string): void }) {
    super(state)
    this.#state = state
  }

  override async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === '/reset') this.#state.abort('reset by the gauntlet')
    return super.fetch(request)
  }
}

/** The harness listens there. */
const report = (message: Report) => fetch('http://gauntlet.invalid/', { method: 'POST', body: JSON.stringify(message) })

function userClient(env: Env, ctx: WorkerContext, address: ServerAddress): LoginClient {
  const { name, endpoint, clientId, issuers, redirectUri } = address
  const watch: Watch = { actor: env.actor, server: name, report, staleOutside: true }
  const platform: Platform = workerPlatform({ ...durableTokens(env.IMS, { object: name }), ctx })
  return createClient({
    flow: authorizationCode({ clientId, scopes: ['openid', 'offline_access'], redirectUri }),
    endpoint,
    ...(issuers && { issuers }),
    ...watched(platform, watch),
    onEvent: eventReporter(name, (message) => ctx.waitUntil(report(message))),
  })
}

function machineClient(env: Env, ctx: WorkerContext, { name, endpoint }: ServerAddress): Client {
  return createClient({
    flow: clientCredentials({ clientId: 'machine', clientSecret: 'machine-secret', scopes: ['openid'] }),
    endpoint,
    ...workerPlatform({ kv: staleKv(env.KV), lock: durableLock(env.IMS), ctx }),
    onEvent: eventReporter(name, (message) => ctx.waitUntil(report(message))),
  })
}

async function answer(request: Request, env: Env, ctx: WorkerContext): Promise<object> {
  const { pathname, searchParams } = new URL(request.url)
  const server = env.servers.find(({ name }) => name === searchParams.get('server'))
  if (server === undefined) return {}
  if (pathname === '/reset') {
    await env.IMS.get(env.IMS.idFromName(server.name)).fetch('https://gauntlet/reset', { method: 'POST', body: '{}' })
    return {}
  }
  if (pathname === '/machine') return { token: await machineClient(env, ctx, server).getToken() }
  const client = userClient(env, ctx, server)
  if (pathname === '/start-login') return { url: (await client.startLogin()).href }
  if (pathname !== '/finish-login') return { token: await client.getToken({ force: searchParams.has('force') }) }
  await client.finishLogin(searchParams.get('url') ?? '')
  return {}
}

export default {
  async fetch(request: Request, env: Env, ctx: WorkerContext): Promise<Response> {
    try {
      return Response.json(await answer(request, env, ctx))
    } catch (error) {
      const { code, name, stack, message } = error as Error & { code?: string }
      return Response.json({ code: code ?? name, text: `${message}\n${stack}\n${JSON.stringify(error)}` })
    }
  },
}
