// workerd, without nodejs_compat: one request runs the suite and answers with its results
import * as imskit from 'imskit'
import * as core from 'imskit/core'
import * as emulator from 'imskit/emulator'
import * as testing from 'imskit/testing'
import { run } from '../run.mjs'

const cannot = {
  legacyKeys: 'WebCrypto of a worker is not asked for MD5, which DEK-Info keys are encrypted with',
  redirect: 'nobody is sent anywhere by a worker; it answers with the address',
}

export default {
  async fetch(request) {
    const setting = await request.json()
    const results = await run({
      imskit: { ...core, ...imskit },
      emulator,
      testing,
      setting,
      platform: () => imskit.memoryPlatform(),
      adapter: {
        entry: imskit,
        expected: 'dist/esm/core.js',
        found: setting.entry,
        exports: { nodePlatform: false, browserPlatform: false, createClient: true },
      },
      makeStore: () => imskit.memoryStore(),
      makeLock: () => imskit.processLock(),
      cannot,
    })
    return Response.json(results)
  },
}
