import { configDefaults, defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Other packages, frameworks, programs of the docs, the old library, and processes that take long: `npm run test:world`. */
export const world = [
  'test/world/**/*.test.ts',
  'test/differential/**/*.test.ts',
  'test/examples/**/*.test.ts',
  'test/docs/{looks,node,page,places-node,places-page,places-worker,quickstarts,site,worker}.test.ts',
  'test/package/{bundlers,declarations,forms,readme-types,server-bundles,side-effects,surface}.test.ts',
  'test/proof/{action,canary,command,foreign-clients,heap,node-login,old-library,redis,shared-files,tarball}.test.ts',
  'test/browser/{disturbances,oidc-provider,other-browsers,routers}.test.ts',
  'test/worker/service.test.ts',
  'test/cli/{canary,emulator-https,hostile-texts,proxy,init/programs}.test.ts',
]

/** What takes longest. The rest goes by size, which says little: whatever comes last, the other worker waits for. */
const longest = [
  'test/world/next.test.ts',
  'test/world/next-auth.test.ts',
  'test/world/nuxt.test.ts',
  'test/world/sveltekit.test.ts',
  'test/world/react-router.test.ts',
  'test/world/astro.test.ts',
  'test/differential/differential.test.ts',
  'test/world/recipes.test.ts',
  'test/docs/looks.test.ts',
  'test/docs/places-page.test.ts',
  'test/world/newcomers.test.ts',
  'test/world/neighbours-load.test.ts',
  'test/world/auth-plugin.test.ts',
  'test/world/angular.test.ts',
  'test/proof/heap.test.ts',
  'test/worker/contracts.test.ts',
  'test/model/model.test.ts',
  'test/examples/spa.test.ts',
  'test/proof/tarball.test.ts',
  'test/docs/site.test.ts',
  'test/world/template-action.test.ts',
  'test/worker/service.test.ts',
  'test/node/config/aio-config-processes.test.ts',
  'test/proof/redis.test.ts',
  'test/world/neighbours-tokens.test.ts',
  'test/world/migrate.test.ts',
  'test/fuzz/fuzz.test.ts',
  'test/browser/disturbances.test.ts',
  'test/cli/canary.test.ts',
  'test/browser/tabs.test.ts',
  'test/cli/probe.test.ts',
  'test/proof/shared-files.test.ts',
  'test/proof/canary.test.ts',
  'test/proof/processes.test.ts',
  'test/proof/action.test.ts',
  'test/proof/command.test.ts',
  'test/docs/node.test.ts',
  'test/runners/jest.test.ts',
  'test/runners/vitest.test.ts',
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((name) => moduleId.endsWith(name))
      return at < 0 ? longest.length : at
    }
    return (await super.sort(files)).sort((one, other) => place(one) - place(other))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...world],
    setupFiles: ['test/ready-keys.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // what is waited for comes at once, unless the machine is busy with something else
    expect: { poll: { timeout: 10_000 } },
    // a third one waits for a browser, a lock or a clock while two work
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // real browsers, processes and clocks: where a shared machine stalls, a test is given a second chance, and says so
    retry: process.env.CI ? 1 : 0,
  },
})
