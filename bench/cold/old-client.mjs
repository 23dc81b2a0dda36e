import { createRequire } from 'node:module'
import { report } from './report.mjs'

const { Ims } = createRequire(import.meta.url)('@adobe/aio-lib-ims')

new Ims('prod')
report()
