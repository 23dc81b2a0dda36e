// Chromium, Firefox and WebKit: bundled for browsers, run in a page, read from outside through window.conformance
import * as imskit from 'imskit'
import * as core from 'imskit/core'
import * as emulator from 'imskit/emulator'
import * as testing from 'imskit/testing'
import { run } from '../run.mjs'

const results = []
window.conformance = { results, done: false }
const setting = await (await fetch('/setting.json')).json()
let places = 0

const cannot = {
  followByHand: 'a browser follows redirects itself and does not show them; the tests of test/browser show what leaves',
  legacyKeys: 'DEK-Info keys hang on MD5, which standard WebCrypto lacks; only the adapter for Node reads them',
  redirect: 'a redirect leaves the page; the pages of test/browser prove it',
  responseHeaders: 'a page may not read Retry-After and x-debug-id of another origin that does not expose them',
}

await run(
  {
    // what needs a secret is in the core's entry alone
    imskit: { ...core, ...imskit },
    emulator,
    testing,
    setting,
    platform: () => imskit.browserPlatform({ database: `place-${++places}`, allowSecretsInBrowser: true }),
    adapter: {
      entry: imskit,
      expected: 'dist/esm/browser.js',
      found: setting.entry,
      exports: { nodePlatform: false, browserPlatform: true },
    },
    makeStore: () => imskit.indexedDbStore({ name: 'contract' }),
    makeLock: () => imskit.webLock(),
    cannot,
  },
  (result) => results.push(result),
).catch((error) => results.push({ name: 'the page itself', status: 'failed', error: String(error?.stack ?? error) }))
window.conformance.done = true
