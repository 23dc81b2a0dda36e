// An API with Express: whoever calls it has an access token of a client that it knows.
import express from 'express'
import { requireToken } from 'imskit/worker'

/** imskit's guard as a middleware: it looks at the header `Authorization` alone, and answers who has no good token. */
function guarded(options) {
  const guard = requireToken(options)
  return async (req, res, next) => {
    const headers = { authorization: req.get('authorization') ?? '' }
    const caller = await guard(new Request('https://api.example', { headers }))
    if (!(caller instanceof Response)) {
      res.locals.caller = caller
      return next()
    }
    res
      .status(caller.status)
      .set(Object.fromEntries(caller.headers))
      .send(await caller.text())
  }
}

/** The app for callers of the client `caller`; without `endpoint` their tokens are those of IMS itself. */
export function createApp({ caller, endpoint }) {
  const app = express()
  app.get('/', (_, res) => res.type('text').send('Anyone may read this. GET /api/me wants a token.'))
  app.use('/api', guarded({ allowList: [caller], scopes: ['openid'], endpoint }))
  app.get('/api/me', (_, res) => {
    const { user_id: user, client_id: client, scope } = res.locals.caller
    res.json({ user, client, scope })
  })
  return app
}
