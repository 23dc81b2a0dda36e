// Installs Next, then runs the app in development, next to an emulated IMS: node examples/next-app/start.mjs [port]
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const port = process.argv[2] ?? '3000'
const origin = `http://localhost:${port}`

cpSync(`${folder}../design.css`, `${folder}public/design.css`)
// a copy of imskit: Next reads no files outside the folder of the app
if (!existsSync(`${folder}node_modules/next`))
  spawnSync('npm', ['install', '--install-links', '--ignore-scripts', '--no-package-lock'], {
    cwd: folder,
    stdio: 'inherit',
  })

const { startEmulator } = await import('imskit/emulator')
const emulator = await startEmulator()
const { client_id, client_secret, endpoint } = emulator.contexts.oauth
const next = spawn(process.execPath, [`${folder}node_modules/next/dist/bin/next`, 'dev', '--port', port], {
  cwd: folder,
  stdio: 'inherit',
  env: {
    ...process.env,
    IMS_CLIENT_ID: client_id,
    IMS_CLIENT_SECRET: client_secret,
    IMS_ENDPOINT: endpoint,
    API_URL: `${endpoint}/api/echo`,
    ORIGIN: origin,
    SESSION_SECRET: randomBytes(48).toString('base64'),
    INSECURE: 'true',
  },
})
next.on('exit', () => emulator.close())
console.log(`Open ${origin} and sign in as user@example.com with any password. Ctrl-C ends it.`)
