import { testRecipe } from './kit/recipe-app.ts'

testRecipe({
  name: 'nuxt',
  handler: 'server/utils/auth.js',
  build: ['nuxt/bin/nuxt.mjs', 'build'],
  start: ['.output/server/index.mjs'],
})
