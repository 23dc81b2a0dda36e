// npm run audit: known advisories against what the package declares and what it contains. Asks the registry.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What the build contains of others, by its bill of materials. */
export const bundledPackages = (root) =>
  JSON.parse(readFileSync(join(root, 'dist', 'bom.cdx.json'), 'utf8')).components.map(({ group, name, version }) => ({
    name: group === undefined ? name : `${group}/${name}`,
    version,
  }))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const bundled = Object.fromEntries(bundledPackages(root).map(({ name, version }) => [name, version]))
  const place = mkdtempSync(join(tmpdir(), 'imskit-audit-'))
  try {
    // npm audits what a lockfile names: here all that a user gets, as if it were installed
    const manifest = { name: 'audited', private: true, dependencies: { ...bundled, ...dependencies } }
    writeFileSync(join(place, 'package.json'), JSON.stringify(manifest))
    cpSync(join(root, '.npmrc'), join(place, '.npmrc'))
    const npm = (...args) => spawnSync('npm', args, { cwd: place, stdio: 'inherit' }).status ?? 1
    const quiet = ['--ignore-scripts', '--no-fund', '--loglevel=error']
    process.exitCode =
      npm('install', '--package-lock-only', ...quiet) || npm('audit', '--omit=dev', '--audit-level=low')
    if (process.exitCode === 0)
      console.log(
        `audited: ${Object.entries(manifest.dependencies)
          .map((each) => each.join('@'))
          .join(', ')}`,
      )
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}
