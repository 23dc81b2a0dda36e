// An API in a Worker, with Hono. Callers need an access token of a client that the API knows.
import { Hono } from 'hono'
import { honoGuard } from 'imskit/hono'

const app = new Hono()

app.use(
  '/api/*',
  honoGuard(({ env }) => ({ allowList: [env.CALLER], scopes: ['openid'], endpoint: env.IMS })),
)
app.get('/', (c) => c.text('Anyone may read this. GET /api/me wants a token.'))
app.get('/api/me', (c) => {
  const { user_id: user, client_id: client, scope } = c.get('auth').claims
  return c.json({ user, client, scope })
})

export default app
