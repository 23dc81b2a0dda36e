export default {
  cacheComponents: true,
  partialPrefetching: true,
  output: 'standalone',
  // the folder of the app, as there is a lockfile above it
  outputFileTracingRoot: import.meta.dirname,
  turbopack: { root: import.meta.dirname },
}
