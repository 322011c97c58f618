/** Watches its parent, tells it, and computes for ever. */
import { watchParent } from '../../../src/engineProcess/watchParent';

watchParent();
process.send?.('watching', () => {
  for (;;) if (Math.random() > 2) break;
});
