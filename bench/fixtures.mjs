import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const base64url = (value) => Buffer.from(value).toString('base64url')

/** A token in the shape and size of IMS's own, with a signature that nobody checks. */
export function fakeToken(id = 'token', lifetime = 86_400_000) {
  const claims = { ...claimsOf(id), created_at: String(Date.now()), expires_in: String(lifetime) }
  const signature = base64url(id.padEnd(256, '.').slice(0, 256))
  return `${base64url(JSON.stringify(tokenHeader))}.${base64url(JSON.stringify(claims))}.${signature}`
}

export const tokenHeader = { alg: 'RS256', x5u: 'ims_na1-key-at-1.cer', kid: 'ims_na1-key-at-1', itt: 'at' }

export function claimsOf(id) {
  return {
    id,
    type: 'access_token',
    client_id: 'bench-client',
    user_id: 'ABCDEF0123456789ABCDEF01@techacct.adobe.com',
    as: 'ims-na1',
    aa_id: 'ABCDEF0123456789ABCDEF01@techacct.adobe.com',
    ctp: 0,
    moi: '1a2b3c4d',
    scope: 'openid,AdobeID,read_organizations',
  }
}

/** A server-to-server context, with a stored token unless `endpoint` says where to get one. */
export function contextData(id, { endpoint } = {}) {
  return {
    client_id: 'bench-client',
    client_secrets: ['p8e-bench-secret'],
    technical_account_email: `${id}@techacct.adobe.com`,
    technical_account_id: 'ABCDEF0123456789ABCDEF01@techacct.adobe.com',
    scopes: ['openid', 'AdobeID', 'read_organizations'],
    ims_org_id: 'ABCDEF0123456789ABCDEF01@AdobeOrg',
    ...(endpoint === undefined
      ? { access_token: { token: fakeToken(id), expiry: Date.now() + 86_400_000 } }
      : { endpoint }),
  }
}

/** An empty directory, removed when the run ends. */
export function newDirectory() {
  return mkdtempSync(join(tmpdir(), 'd-'))
}

/** A directory whose local `.aio` holds `ctx-0`, `ctx-1`, … */
export function projectWith(count, options) {
  const directory = newDirectory()
  const names = Array.from({ length: count }, (_, index) => `ctx-${index}`)
  const contexts = Object.fromEntries(names.map((name) => [name, contextData(name, options)]))
  writeFileSync(join(directory, '.aio'), `${JSON.stringify({ ims: { contexts } }, null, 2)}\n`)
  return directory
}

/** A home whose global configuration holds `contexts`. */
export function homeWith(contexts) {
  const home = newDirectory()
  mkdirSync(join(home, '.config'))
  writeFileSync(join(home, '.config', 'aio'), `${JSON.stringify({ ims: { contexts } }, null, 2)}\n`)
  return home
}

/** The published library; where it finds its files is decided when it is first used. */
export function oldLibrary(part = '') {
  return createRequire(import.meta.url)(`@adobe/aio-lib-ims${part}`)
}

/** Sends the published library, which knows Adobe's own hosts only, to `url`. */
export function sendOldLibraryTo(url) {
  const old = oldLibrary()
  old.Ims.prototype.getApiUrl = (api) => url + api
  return old
}
