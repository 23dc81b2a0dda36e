// Writes dist/sri.json, the subresource-integrity hashes of the files that a page takes from a CDN, and prints them.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

const hashes = Object.fromEntries(
  ['imskit.js', 'imskit.global.js', 'imskit.login.js'].map((file) => {
    const digest = createHash('sha384')
      .update(readFileSync(`dist/${file}`))
      .digest('base64')
    return [file, `sha384-${digest}`]
  }),
)
writeFileSync('dist/sri.json', `${JSON.stringify(hashes, null, 2)}\n`)
for (const [file, hash] of Object.entries(hashes)) console.log(`${file.padEnd(17)} ${hash}`)
