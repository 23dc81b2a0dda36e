// workerd, without nodejs_compat: one request runs the suite and answers with its results
import * as imskit from 'imskit'
import * as core from 'imskit/core'
import * as emulator from 'imskit/emulator'
import * as testing from 'imskit/testing'
import { run } from '../run.mjs'

export { ImsLock } from 'imskit'

const cannot = {
  legacyKeys: 'DEK-Info keys hang on MD5, which standard WebCrypto lacks; only the adapter for Node reads them',
  sharing:
    'requests of a worker share no promise, so many that ask at once ask for themselves; what was found is shared',
  redirect: 'nobody is sent anywhere by a worker; it answers with the address',
}

export default {
  async fetch(request, env) {
    const setting = await request.json()
    let places = 0
    const results = await run({
      imskit: { ...core, ...imskit },
      emulator,
      testing,
      setting,
      platform: () => imskit.workerPlatform(imskit.durableTokens(env.LOCK, { object: `place-${++places}` })),
      adapter: {
        entry: imskit,
        expected: 'dist/esm/worker.js',
        found: setting.entry,
        exports: { nodePlatform: false, browserPlatform: false, workerPlatform: true },
      },
      makeStore: () => imskit.kvStore(env.TOKENS),
      // one for each who asks, as requests in isolates of their own have them: the object alone keeps them apart
      makeLock:
        () =>
        (...asking) =>
          imskit.durableLock(env.LOCK)(...asking),
      cannot,
    })
    return Response.json(results)
  },
}
