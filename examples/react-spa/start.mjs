// Serves the app with an IMS beside it: `node examples/react-spa/start.mjs`
import { fileURLToPath } from 'node:url'
import { start } from '../spa/start.mjs'

const { url, emulator } = await start({ root: fileURLToPath(new URL('.', import.meta.url)) })
console.log(`The app:      ${url}\nIts IMS:      ${emulator.url} (any password will do)\n\nCtrl-C ends both.`)
