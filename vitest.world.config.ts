import { defineConfig } from 'vitest/config'
import { LongestFirst, world } from './vitest.config.ts'

/** What takes the packed tarball into projects of others: packages from the registry, frameworks, programs of the docs. */
export default defineConfig({
  test: {
    include: world,
    exclude: ['**/node_modules/**'],
    globalSetup: ['test/world/kit/setup.ts'],
    setupFiles: ['test/ready-keys.ts'],
    testTimeout: 120_000,
    // the first test that needs a project installs it
    hookTimeout: 900_000,
    expect: { poll: { timeout: 10_000 } },
    // a third one installs, or waits for a browser or a server, while two work
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    retry: process.env.CI ? 1 : 0,
  },
})
