import { testRecipe } from './kit/recipe-app.ts'

testRecipe({
  name: 'sveltekit',
  handler: 'src/lib/server/auth.js',
  build: ['vite/bin/vite.js', 'build'],
  start: ['build/index.js'],
})
