import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import type { CaseResult, Runtime } from './runtime.ts'
import { startServices } from './services.ts'

/** Cloudflare's runtime, as its vendor's simulator starts it, without `nodejs_compat`. */
const workerdAt = (compatibilityDate: string): Runtime => ({
  name: `workerd ${compatibilityDate}`,
  async run(project, root) {
    const services = await startServices()
    // the conditions of Cloudflare's own bundler
    const { code, entry } = await project.bundle('worker', ['workerd', 'worker', 'browser'])
    const worker = new Miniflare({
      modules: [{ type: 'ESModule', path: 'worker.mjs', contents: code }],
      compatibilityDate,
      kvNamespaces: ['TOKENS'],
      durableObjects: { LOCK: { className: 'ImsLock', useSQLite: true } },
    })
    try {
      const body = JSON.stringify({ ...services.setting, entry })
      const response = await worker.dispatchFetch('http://127.0.0.1/', { method: 'POST', body })
      if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
      const { version } = JSON.parse(readFileSync(join(root, 'node_modules/workerd/package.json'), 'utf8'))
      return { version, results: (await response.json()) as CaseResult[] }
    } finally {
      await worker.dispose()
      await services.close()
    }
  },
})

/** The oldest compatibility date that is supported, at which `fetch` still sent `Authorization` to any origin. */
export const workerds: readonly Runtime[] = [workerdAt('2024-09-23'), workerdAt('2026-04-01')]
