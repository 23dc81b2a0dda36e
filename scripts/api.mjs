import { mkdirSync, writeFileSync } from 'node:fs'
import { apiReports, fileList } from './api/report.mjs'

// writes what a test compares: the public surface of every entry, and the files of the tarball

mkdirSync('api', { recursive: true })
for (const [entry, text] of Object.entries(apiReports())) writeFileSync(`api/${entry}.txt`, text)
writeFileSync('api/files.txt', await fileList())
