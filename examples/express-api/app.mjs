// An API with Express. Callers need an access token of a client that the API knows.
import express from 'express'
import { authOf, expressGuard } from 'imskit/express'

/** The app for callers of the client `caller`; without `endpoint` their tokens are those of IMS itself. */
export function createApp({ caller, endpoint }) {
  const app = express()
  app.get('/', (_, res) => res.type('text').send('Anyone may read this. GET /api/me wants a token.'))
  app.use('/api', expressGuard({ allowList: [caller], scopes: ['openid'], endpoint }))
  app.get('/api/me', (req, res) => {
    const { user_id: user, client_id: client, scope } = authOf(req).claims
    res.json({ user, client, scope })
  })
  return app
}
