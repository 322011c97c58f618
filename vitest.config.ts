/** Unit, engine, golden and durability tests. What needs a real VS Code or browser runs elsewhere. */
import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/host/suite/**', 'test/ui/**'],
    // Native sessions do not survive being loaded twice into one process's threads.
    pool: 'forks',
    poolOptions: { forks: { maxForks: 2 } },
    // A guard against hanging, not a measurement: a slow machine must not fail a test.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
