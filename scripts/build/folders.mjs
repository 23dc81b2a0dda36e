// For tools that do not read `exports` (Parcel by default): a folder for each entry, whose package.json names its files.
import { mkdirSync, writeFileSync } from 'node:fs'

export const folders = [
  ...['browser', 'core', 'emulator', 'express', 'hono', 'next', 'node', 'react', 'svelte', 'testing', 'vue', 'worker'],
]

for (const name of folders) {
  // the CommonJS form contains `jose`, whose parts such tools do not find either
  const manifest = { main: `../dist/node/${name}.cjs`, types: `../dist/types/${name}.d.cts` }
  mkdirSync(name, { recursive: true })
  writeFileSync(`${name}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`)
}
