import type { Plugin } from 'rollup'
import license, { type Dependency } from 'rollup-plugin-license'
import sbom from 'rollup-plugin-sbom'

const byName = (one: Dependency, other: Dependency) => (String(one.name) < String(other.name) ? -1 : 1)

const notice = ({ name, version, license: id, licenseText, noticeText, repository }: Dependency): string => {
  if (!licenseText) throw new Error(`${name} is bundled and has no license text`)
  const address = typeof repository === 'string' ? repository : repository?.url
  return [`${name} ${version}`, `${id}, ${address}`, licenseText, noticeText].filter(Boolean).join('\n\n')
}

/** The licenses of all that a build contains, as their authors ask for. */
export const notices: Plugin = license({
  thirdParty: {
    includePrivate: false,
    output: {
      file: 'dist/THIRD_PARTY_NOTICES',
      template: (dependencies) =>
        `The files of this package contain the software below.\n\n${[...dependencies]
          .sort(byName)
          .map(notice)
          .join(`\n\n${'-'.repeat(80)}\n\n`)}\n`,
    },
  },
})

/** What a build contains, for programs that look for advisories. The same input makes the same file. */
export const billOfMaterials: Plugin = sbom({
  outDir: './',
  outFilename: 'bom.cdx',
  outFormats: ['json'],
  rootComponentType: 'library',
  includeWellKnown: false,
  saveTimestamp: false,
})
