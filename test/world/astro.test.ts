import { testRecipe } from './kit/recipe-app.ts'

testRecipe({
  name: 'astro',
  handler: 'src/auth.js',
  build: ['astro/astro.js', 'build'],
  start: ['dist/server/entry.mjs'],
})
