import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EdgeRuntime } from 'edge-runtime'
import type { Project } from './project.ts'
import type { CaseResult, Runtime } from './runtime.ts'
import { type Services, startServices } from './services.ts'

/** A runtime that answers one request with the results. */
function serverless(
  name: string,
  run: (project: Project, services: Services) => Promise<{ version: string; response: Response }>,
): Runtime {
  return {
    name,
    async run(project) {
      const services = await startServices()
      try {
        const { version, response } = await run(project, services)
        const text = await response.text()
        if (!response.ok) throw new Error(`${response.status}: ${text}`)
        return { version, results: JSON.parse(text) as CaseResult[] }
      } finally {
        await services.close()
      }
    },
  }
}

const site = 'http://127.0.0.1/'
const requestOf = ({ setting }: Services, entry: string) => ({
  method: 'POST',
  body: JSON.stringify({ ...setting, entry }),
})
const versionOf = (name: string) =>
  JSON.parse(readFileSync(createRequire(import.meta.url).resolve(`${name}/package.json`), 'utf8')).version as string

/** Vercel's runtime for edge functions and middleware, as its vendor's simulator starts it. */
export const edgeRuntime = serverless('edge-runtime', async (project, services) => {
  const { code, entry } = await project.bundle('edge', ['edge-light', 'worker', 'browser'])
  const runtime = new EdgeRuntime({ initialCode: code })
  return { version: versionOf('edge-runtime'), response: await runtime.dispatchFetch(site, requestOf(services, entry)) }
})

/** A function of Netlify: Node calls it with a `Request` and a context. */
export const netlify = serverless('Netlify function', async (project, services) => {
  // the conditions of esbuild for Node, with which Netlify bundles
  const { code, entry } = await project.bundle('netlify', ['node', 'module'])
  const file = join(project.directory, 'netlify.mjs')
  writeFileSync(file, code)
  const { default: handler } = await import(pathToFileURL(file).href)
  const background: Promise<unknown>[] = []
  const context = { waitUntil: (work: Promise<unknown>) => background.push(work), site: { url: site }, params: {} }
  const response = await handler(new Request(site, requestOf(services, entry)), context)
  await Promise.all(background)
  return { version: `on Node ${process.versions.node}`, response }
})
