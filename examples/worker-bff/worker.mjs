// A worker that serves a page, signs people in for it and calls an API for it. The page never gets a token.
import { authorizationCode, createAuthHandler, durableTokens } from 'imskit/worker'
import design from '../design.css'
import style from './page.css'
import html from './page.html'
import script from './script.page.js'

export { ImsLock } from 'imskit/worker'

const files = {
  '/': [html, 'text/html; charset=utf-8'],
  '/design.css': [design, 'text/css; charset=utf-8'],
  '/page.css': [style, 'text/css; charset=utf-8'],
  '/page.js': [script, 'text/javascript; charset=utf-8'],
}

let auth

const createAuth = (env) =>
  createAuthHandler({
    flow: authorizationCode({
      clientId: env.IMS_CLIENT_ID,
      clientSecret: env.IMS_CLIENT_SECRET,
      scopes: 'openid,AdobeID,profile,email,offline_access',
    }),
    sessionSecret: env.SESSION_SECRET,
    ...durableTokens(env.IMS),
    proxy: [{ path: '/api/', to: env.API_URL }],
    // for development: in production neither is set, and the site is https
    endpoint: env.IMS_ENDPOINT,
    insecure: env.INSECURE === 'true',
  })

export default {
  async fetch(request, env, ctx) {
    auth ??= createAuth(env)
    if (auth.handles(request)) return auth(request, ctx)
    const [text, type] = files[new URL(request.url).pathname] ?? []
    if (text === undefined) return new Response('Not found', { status: 404 })
    return new Response(text, {
      headers: {
        'content-type': type,
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      },
    })
  },
}
