import { createServer } from 'node:http'
import { requireToken } from 'imskit/worker'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { answerQuestions } from '../worker.mjs'

// The same small API twice: behind the guard, or behind jose's own jwtVerify with a remote key set.
const [library, endpoint] = process.argv.slice(2)
const checks = {
  ours() {
    const guard = requireToken({ endpoint, anyClient: true })
    return async (request) => !((await guard(request)) instanceof Response)
  },
  jose() {
    const keys = createRemoteJWKSet(new URL(`${endpoint}/ims/keys`))
    return async (request) => {
      const [, token] = (request.headers.get('authorization') ?? '').split(' ')
      return jwtVerify(token, keys).then(
        () => true,
        () => false,
      )
    }
  },
}
const isAllowed = checks[library]()

const server = createServer(async ({ url, headers }, response) => {
  const request = new Request(`http://127.0.0.1${url}`, { headers: { authorization: headers.authorization ?? '' } })
  response.writeHead((await isAllowed(request)) ? 204 : 401).end()
})
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`
  answerQuestions((question) => (question === 'url' ? url : Math.round(process.memoryUsage.rss() / 2 ** 20)))
})
process.on('disconnect', () => process.exit())
