import { testRecipe } from './kit/recipe-app.ts'

testRecipe({
  name: 'react-router',
  handler: 'app/auth.server.js',
  build: ['@react-router/dev/bin.js', 'build'],
  start: ['node_modules/@react-router/serve/bin.js', 'build/server/index.js'],
})
