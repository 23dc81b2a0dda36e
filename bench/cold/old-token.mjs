import { createRequire } from 'node:module'
import { report } from './report.mjs'

const { getToken } = createRequire(import.meta.url)('@adobe/aio-lib-ims')

await getToken('ctx-0')
report()
