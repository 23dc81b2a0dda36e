export const redirectUri = 'http://127.0.0.1:5555/callback'
export const hour = 3_600_000

/** Where the cases happen: an IMS in process whose time they turn, and the ones that `setting` names, over HTTP. */
export function createPlace({ imskit, testing, emulator, platform, setting }) {
  let clock
  let making
  const make = () =>
    emulator.createEmulator({ now: () => clock.now(), autoLogin: 'user@example.com', users: setting.users })

  async function ask(what, body = {}) {
    const response = await fetch(`${setting.aid}/${what}`, { method: 'POST', body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${what}: ${await response.text()}`)
    return response.json()
  }

  return {
    /** An IMS in process at a time that stands still, and a client's options on it with the runtime's store and lock. */
    async inside() {
      clock = testing.fakeClock(Date.now())
      making ??= make()
      const ims = await making
      const began = ims.requests.length
      const sent = { count: 0, before: undefined }
      const { store, lock } = await platform()
      return {
        ims,
        clock,
        sent,
        grants: () => ims.requests.slice(began).map(({ params }) => params.grant_type),
        on: {
          store,
          lock,
          clock,
          endpoint: ims.url,
          retry: { retries: 0 },
          async fetch(url, init) {
            sent.count++
            return (await sent.before?.(url, init)) ?? ims.fetch(url, init)
          },
        },
      }
    },
    /** A client's options on the IMS at the other end of a socket. */
    async outside() {
      const provided = await platform()
      // a part of a platform is read from the platform itself, not from a copy
      return { ...provided, store: provided.store, endpoint: setting.ims, retry: { retries: 0, baseDelay: 1 } }
    },
    ims: (options) => new imskit.Ims({ endpoint: setting.ims, retry: { retries: 0 }, ...options }),
    serverFlow: (more) => imskit.clientCredentials({ ...setting.server, ...more }),
    loginFlow: (more) => imskit.authorizationCode({ ...setting.person, redirectUri, ...more }),
    /** Goes where a person would, up to the callback. */
    browse: async (url) => new URL((await ask('browse', { url: String(url), until: redirectUri })).url),
    fault: (options) => ask('fault', options),
    /** The calls of the two APIs that have `call` in their address. */
    arrived: async (call) => (await ask('arrived', { call })).arrived,
    requests: async () => (await ask('requests')).requests,
  }
}

/** Follows an authorization URL at an IMS in process that signs in by itself. */
export async function follow(ims, url) {
  const response = await ims.fetch(url, { redirect: 'manual' })
  return new URL(response.headers.get('location'))
}

/** A token signed by `key`, without any library of ours. */
export async function sign(claims, header, key) {
  const encode = (value) => base64url(new TextEncoder().encode(JSON.stringify(value)))
  const body = `${encode(header)}.${encode(claims)}`
  if (key === undefined) return `${body}.`
  const signature = await crypto.subtle.sign(key.algorithm.name, key, new TextEncoder().encode(body))
  return `${body}.${base64url(new Uint8Array(signature))}`
}

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
