import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, cache, onceInARun, root } from './build.ts'
import { install } from './packed.ts'

/** The `node_modules` of a project that did `npm install imskit`, made once in a run of the tests. */
export async function installedModules(): Promise<string> {
  const project = join(cache, 'installed')
  await build()
  await onceInARun('installed', async () => {
    rmSync(project, { recursive: true, force: true })
    mkdirSync(project, { recursive: true })
    await install(root, project)
  })
  return join(project, 'node_modules')
}
