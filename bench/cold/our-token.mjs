import { getToken } from 'imskit/node'
import { report } from './report.mjs'

await getToken('ctx-0')
report()
