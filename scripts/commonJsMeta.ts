/** Sources say `import.meta`; a CommonJS bundle has to be told what that is, wherever one is made. */
import type { BuildOptions } from 'esbuild';

/** For a bundle in CommonJS. What nobody tells it is an error: it would be undefined when it runs. */
export const commonJsMeta = {
  banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
  define: { 'import.meta.url': 'bundleUrl', 'import.meta.dirname': '__dirname' },
  logOverride: { 'empty-import-meta': 'error' },
} satisfies BuildOptions;
