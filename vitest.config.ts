import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/ready-keys.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // real browsers, processes and clocks: where a shared machine stalls, a test is given a second chance, and says so
    retry: process.env.CI ? 1 : 0,
  },
})
