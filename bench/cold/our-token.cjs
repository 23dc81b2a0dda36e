const { getToken } = require('imskit/node')
const { report } = require('./report.cjs')

getToken('ctx-0').then(report)
