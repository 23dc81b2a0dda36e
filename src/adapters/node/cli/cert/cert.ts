import type { Run } from '../command.ts'
import { writeText } from '../output.ts'
import { localCertificate } from './certificate-files.ts'
import { trustGuide } from './trust.ts'

/** `imskit cert`: prints the path of the authority's certificate, and how to trust it. */
export const certCommand: Run = async ({ values }) => {
  const stored = await localCertificate({ renew: values.renew === true })
  const { files, expiresAt, authority, spki } = stored
  writeText(values.json ? `${JSON.stringify({ ...files, expiresAt, authority, spki })}\n` : `${files.ca}\n`)
  if (!values.json) writeText(trustGuide(stored), process.stderr)
  return 0
}
