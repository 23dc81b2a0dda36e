// The address of the repository is in package.json, once. `node scripts/repository.mjs` derives all others from it:
// `homepage` and `bugs`, and the links of README, which npm's page shows outside of the repository.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (name) => readFileSync(join(root, name), 'utf8')

/** The address of the repository of a `package.json`, without what git adds. */
export const repositoryOf = ({ repository }) => repository.url.replace(/^git\+|\.git$/g, '')

/** The address of the files of the repository. */
export const filesOf = (manifest) => `${repositoryOf(manifest)}/blob/main/`

/** README with links that are relative to the repository, as its pages and its site have them. */
export const withRelativeLinks = (text, manifest) => text.replaceAll(`](${filesOf(manifest)}`, '](')

/** README with absolute links; a link to another repository's files is one of an earlier address. */
export function withAbsoluteLinks(text, manifest) {
  const relative = text.replace(/\]\(https:\/\/[^)\s]+\/blob\/main\//g, '](')
  return relative.replace(/\]\(([^)\s#:]+)(#[^)\s]*)?\)/g, (link, path, anchor = '') =>
    existsSync(join(root, path)) ? `](${filesOf(manifest)}${path}${anchor})` : link,
  )
}

/** `package.json` with the addresses that follow from that of the repository. */
export const withAddresses = (manifest) => ({
  ...manifest,
  homepage: `${repositoryOf(manifest)}#readme`,
  bugs: { url: `${repositoryOf(manifest)}/issues` },
})

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const manifest = JSON.parse(read('package.json'))
  writeFileSync(join(root, 'package.json'), `${JSON.stringify(withAddresses(manifest), null, 2)}\n`)
  writeFileSync(join(root, 'README.md'), withAbsoluteLinks(read('README.md'), manifest))
}
