/** UI tests: the packaged extension in a real workbench in a real browser, one after another. */
import { defineConfig } from 'vitest/config';
import { root } from '../../scripts/project';

export default defineConfig({
  test: {
    root,
    include: ['test/ui/**/*.test.ts'],
    globalSetup: ['test/ui/installedExtension.ts'],
    fileParallelism: false,
    pool: 'forks',
    sequence: { shuffle: false },
    // A guard against hanging, not a measurement.
    testTimeout: 600_000,
    hookTimeout: 300_000,
  },
});
