/** Tells the parent how far this process has come. Takes nothing but what every process has. */
exports.report = () => {
  const { user, system } = process.cpuUsage()
  const rss = process.memoryUsage.rss()
  process.stdout.write(JSON.stringify({ ms: (user + system) / 1000, rss }))
}
