import { expect, it } from 'vitest';
import { scratchFolder } from '../durability/scratchFolder';
import { fuzz } from './fuzzTarget';
import { targets } from './targets';

const folder = scratchFolder();

/** A part of what `npm run fuzz` does. */
const CASES = 300;

it.each(Object.keys(targets))('%s: every damaged file is read or refused by its code', name => {
  const { outcomes } = fuzz(targets[name]!, 0, CASES, folder);
  const count = Object.values(outcomes).reduce((sum, n) => sum + n, 0);
  expect(count).toBe(CASES);
  // neither does damage go unseen, nor is everything refused for one reason
  expect(outcomes.ok ?? 0).toBeLessThan(CASES * 0.6);
  expect(Object.keys(outcomes).length).toBeGreaterThan(3);
  for (const outcome of Object.keys(outcomes)) expect(outcome).toMatch(/^ok$|^[a-z]+\.[a-z-]+$/);
});
