import { defineConfig } from 'vitest/config'

/** Tests that install other packages from the registry and run them with the packed tarball. */
export default defineConfig({
  test: {
    include: ['test/world/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    globalSetup: ['test/world/kit/setup.ts'],
    testTimeout: 120_000,
    // the first test that needs a project installs it
    hookTimeout: 900_000,
    expect: { poll: { timeout: 10_000 } },
    maxWorkers: 2,
    retry: process.env.CI ? 1 : 0,
  },
})
