import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer } from 'vite'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { useBrowser } from '../../browser/browser.ts'
import { typeScript, viteBuild } from '../templates/compilers.ts'
import { useProjects, viteProject } from '../templates/projects.ts'
import { newEmulator, serve, settingsFor, useApp, writeFiles } from './app.ts'

// the app of docs/react.md, in what create-vite makes for React

const projects = useProjects()
const newContext = useBrowser()
let folder = ''

beforeAll(async () => {
  folder = projects.folder('app')
  await viteProject(folder, 'react-ts')
  writeFiles('react', folder)
})

test('compiles', async () => {
  expect(await typeScript(6, folder, '-p', 'tsconfig.app.json')).toEqual([])
})

test('is built without a warning, and works', async () => {
  const emulator = await newEmulator()
  writeFileSync(join(folder, '.env'), settingsFor(emulator))
  expect(await viteBuild(folder)).toEqual([])
  await useApp(await newContext(), await serve(join(folder, 'dist')), emulator)
})

test('works in development too, in which StrictMode runs everything twice', async () => {
  const emulator = await newEmulator()
  writeFileSync(join(folder, '.env'), settingsFor(emulator))
  const server = await createServer({
    root: folder,
    server: { port: 0, host: 'localhost', hmr: false },
    logLevel: 'error',
  })
  onTestFinished(() => server.close())
  await server.listen()
  const address = server.httpServer?.address()
  if (typeof address !== 'object' || address === null) throw new Error('Vite does not listen')
  await useApp(await newContext(), `http://localhost:${address.port}`, emulator)
})
