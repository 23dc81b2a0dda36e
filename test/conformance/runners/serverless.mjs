// what Vercel's edge runtime and Netlify have in common: a function that answers a request with the results of the suite
import * as core from 'imskit/core'
import * as emulator from 'imskit/emulator'
import * as testing from 'imskit/testing'
import { run } from '../run.mjs'

const cannot = {
  legacyKeys: 'DEK-Info keys hang on MD5, which standard WebCrypto lacks; only the adapter for Node reads them',
  sharing:
    'requests of a worker share no promise, so many that ask at once ask for themselves; what was found is shared',
  redirect: 'a function redirects no user; it answers with the address',
  ...(globalThis.DecompressionStream === undefined && {
    gunzip: 'this runtime has no DecompressionStream, so imskit does not decode gzipped data of a product',
  }),
}

/** Runs the suite with `imskit`, the entry for workers, for one request. */
export async function answer(imskit, request, ctx) {
  const setting = await request.json()
  const results = await run({
    imskit: { ...core, ...imskit },
    emulator,
    testing,
    setting,
    platform: () =>
      imskit.workerPlatform({ store: imskit.memoryStore(), lock: imskit.processLock(), ...(ctx && { ctx }) }),
    adapter: {
      entry: imskit,
      expected: 'dist/esm/worker.js',
      found: setting.entry,
      exports: { nodePlatform: false, browserPlatform: false, workerPlatform: true },
    },
    makeStore: () => imskit.memoryStore(),
    makeLock: () => imskit.processLock(),
    cannot,
  })
  return Response.json(results)
}
