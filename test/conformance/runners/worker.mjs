// workerd, without nodejs_compat: one request runs the suite and answers with its results
import * as imskit from 'imskit'
import * as core from 'imskit/core'
import * as emulator from 'imskit/emulator'
import * as testing from 'imskit/testing'
import { run } from '../run.mjs'

const cannot = {
  legacyKeys: 'DEK-Info keys hang on MD5, which standard WebCrypto lacks; only the adapter for Node reads them',
  redirect: 'nobody is sent anywhere by a worker; it answers with the address',
}

export default {
  async fetch(request, env) {
    const setting = await request.json()
    const { hasWorkerEntry } = setting
    let places = 0
    const lock = core.processLock()
    const prefix = () => `place-${++places}/`
    const results = await run({
      imskit: { ...core, ...imskit },
      emulator,
      testing,
      setting,
      platform: () =>
        hasWorkerEntry
          ? imskit.workerPlatform({ kv: env.TOKENS, prefix: prefix(), lock: core.processLock() })
          : core.memoryPlatform(),
      adapter: {
        entry: imskit,
        expected: hasWorkerEntry ? 'dist/esm/worker.js' : 'dist/esm/core.js',
        found: setting.entry,
        exports: { nodePlatform: false, browserPlatform: false, workerPlatform: hasWorkerEntry },
      },
      makeStore: () => (hasWorkerEntry ? imskit.kvStore(env.TOKENS) : core.memoryStore()),
      makeLock: () => lock,
      cannot,
    })
    return Response.json(results)
  },
}
