// turbopack needs a root, or it looks for one above this folder
export default {
  output: 'standalone',
  outputFileTracingRoot: import.meta.dirname,
  turbopack: { root: import.meta.dirname },
  ...(process.env.NOT_BUNDLED && { serverExternalPackages: [process.env.NOT_BUNDLED] }),
}
