const { report } = require('./report.cjs')

report()
