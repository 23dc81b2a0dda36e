import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { useBrowser } from '../../browser/browser.ts'
import { viteBuild, vueTypeScript } from '../templates/compilers.ts'
import { useProjects, viteProject } from '../templates/projects.ts'
import { newEmulator, serve, settingsFor, useApp, writeFiles } from './app.ts'

// the app of docs/vue.md, in what create-vite makes for Vue, with Vue Router

const projects = useProjects()
const newContext = useBrowser()
let folder = ''

beforeAll(async () => {
  folder = projects.folder('app')
  await viteProject(folder, 'vue-ts', ['vue-router'])
  writeFiles('vue', folder)
})

test('compiles', async () => {
  expect(await vueTypeScript(6, folder, '-p', 'tsconfig.app.json')).toEqual([])
})

test('is built without a warning, and works', async () => {
  const emulator = await newEmulator()
  writeFileSync(join(folder, '.env'), settingsFor(emulator))
  expect(await viteBuild(folder)).toEqual([])
  await useApp(await newContext(), await serve(join(folder, 'dist')), emulator)
})
