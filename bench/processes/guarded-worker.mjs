// What runs inside workerd: the guard, and the bare signature check, in rounds. Its clock stands still between two I/Os,
// so whoever asks takes the time.
import { clientCredentials, createClient, requireToken, workerPlatform } from 'imskit/worker'

const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
let guard
let key
const reads = { get: 0 }

/** Counts what is read. */
const counted = (kv) => ({
  get: (...asked) => {
    reads.get++
    return kv.get(...asked)
  },
  put: (...written) => kv.put(...written),
  delete: (...names) => kv.delete(...names),
  list: (...asked) => kv.list(...asked),
})
let kv

const tasks = {
  async guard({ token, endpoint }, ops) {
    guard ??= requireToken({ endpoint, allowList: ['bench-client'], scopes: ['AdobeID'] })
    const request = new Request('https://api.example/', { headers: { authorization: `Bearer ${token}` } })
    for (let op = 0; op < ops; op++)
      if ((await guard(request)) instanceof Response) throw new Error('the guard refused a good token')
  },
  async bare({ token, jwk }, ops) {
    key ??= await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify'])
    const at = token.lastIndexOf('.')
    const data = new TextEncoder().encode(token.slice(0, at))
    const text = atob(
      token
        .slice(at + 1)
        .replaceAll('-', '+')
        .replaceAll('_', '/'),
    )
    const signature = Uint8Array.from(text, (letter) => letter.charCodeAt(0))
    for (let op = 0; op < ops; op++)
      if (!(await crypto.subtle.verify(algorithm.name, key, signature, data))) throw new Error('bad signature')
  },
  async token({ endpoint, credential }, ops, env, ctx) {
    kv ??= counted(env.KV)
    for (let op = 0; op < ops; op++) {
      const flow = clientCredentials(credential)
      await createClient({ flow, endpoint, ...workerPlatform({ kv, ctx }) }).getToken()
    }
  },
}

export default {
  async fetch(request, env, ctx) {
    const asked = new URL(request.url).searchParams
    await tasks[asked.get('task')](env.bench, Number(asked.get('ops')), env, ctx)
    return Response.json(reads)
  },
}
