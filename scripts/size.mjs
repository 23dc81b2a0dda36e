// How much a page pays for a login, next to the libraries that do the same job. Exit code 1 where something bleeds in,
// a budget or a ceiling is broken. Then each entry with all that it exports.
import { readFileSync } from 'node:fs'
import { bleeding, bundle, files, gzipped, jobs, startOfEsbuild } from './bundles.mjs'
import { bundleEntry, entryJobs, mostOfBinding, sizeOfBinding } from './bundles-entry.mjs'

const columns = (name, ...numbers) =>
  console.log(`${name.padEnd(34)}${numbers.map((number) => String(number).padStart(10)).join('')}`)

/** Says what is wrong with `text`, which may be `most` bytes long when gzipped. */
function judge(text, bytes, most) {
  const found = bleeding.exec(text)
  if (found !== null) console.log(`  ${found[0]} bleeds into it`)
  if (found !== null) process.exitCode = 1
  measure(bytes, most)
}

function measure(bytes, most) {
  if (bytes <= most) return
  console.log(`  ${bytes - most} bytes above its ceiling of ${most}`)
  process.exitCode = 1
}

columns('bytes', 'minified', 'gzip -9', 'at start', 'late', 'esbuild')
for (const [name, { code, ceiling, budget }] of Object.entries(jobs)) {
  const { text, minified, whole, start, late } = await bundle(code)
  columns(name, minified, whole, start, late, (await startOfEsbuild(code)).bytes)
  if (ceiling === undefined) continue
  judge(text, whole, ceiling)
  if (start > budget) {
    console.log(`  ${start - budget} bytes above its budget of ${budget} at start`)
    process.exitCode = 1
  }
}
for (const [name, { ceiling, login }] of Object.entries(files)) {
  const text = readFileSync(`dist/${name}`, 'utf8')
  columns(`dist/${name}`, text.length, gzipped(text))
  if (login) judge(text, gzipped(text), ceiling)
  else measure(gzipped(text), ceiling)
}
for (const [entry, { ceiling }] of Object.entries(entryJobs)) {
  const { text, gzip } = await bundleEntry(entry)
  columns(`all of ${entry}`, text.length, gzip)
  measure(gzip, ceiling)
}
for (const name of ['react', 'vue', 'svelte']) {
  const bytes = await sizeOfBinding(name)
  columns(`imskit/${name}, added to an app`, '', bytes)
  measure(bytes, mostOfBinding)
}
console.log(`
gzip -9: everything in one file. At start: what is loaded before anything is asked of IMS, where the bundler splits off
what is imported late; late: the rest, loaded with the first login or renewal. esbuild: what esbuild loads at start.`)
