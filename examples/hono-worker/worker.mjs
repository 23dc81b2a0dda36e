// An API in a Worker, with Hono: whoever calls it has an access token of a client that it knows.
import { Hono } from 'hono'
import { requireToken } from 'imskit/worker'

const app = new Hono()

app.use('/api/*', async (c, next) => {
  const guard = requireToken({ allowList: [c.env.CALLER], scopes: ['openid'], endpoint: c.env.IMS })
  const caller = await guard(c.req.raw)
  if (caller instanceof Response) return caller
  c.set('caller', caller)
  await next()
})
app.get('/', (c) => c.text('Anyone may read this. GET /api/me wants a token.'))
app.get('/api/me', (c) => {
  const { user_id: user, client_id: client, scope } = c.get('caller')
  return c.json({ user, client, scope })
})

export default app
