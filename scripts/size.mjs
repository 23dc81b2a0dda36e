// How much a page pays for a login, next to the libraries that do the same job. Exit code 1 where something bleeds in
// or a ceiling is broken.
import { readFileSync } from 'node:fs'
import { bleeding, bundle, files, gzipped, jobs } from './bundles.mjs'

function report(name, text, { budget, ceiling } = {}) {
  const gzip = gzipped(text)
  const verdict = budget === undefined ? '' : gzip <= budget ? `within ${budget}` : `${gzip - budget} over ${budget}`
  console.log(`${name.padEnd(34)} ${String(text.length).padStart(8)} ${String(gzip).padStart(8)}  ${verdict}`)
  if (ceiling === undefined) return
  const found = bleeding.exec(text)
  if (found !== null) console.log(`  ${found[0]} bleeds into it`)
  if (gzip > ceiling) console.log(`  above its ceiling of ${ceiling}`)
  if (found !== null || gzip > ceiling) process.exitCode = 1
}

console.log(`${'bytes'.padEnd(34)} minified  gzip -9`)
for (const [name, job] of Object.entries(jobs)) report(name, (await bundle(job.code)).text, job)
for (const name of files.names) report(`dist/${name}`, readFileSync(`dist/${name}`, 'utf8'), files)
