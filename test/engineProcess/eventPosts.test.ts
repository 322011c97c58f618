import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EventPosts } from '../../src/engineProcess/eventPosts';

/** A receiver that takes a batch when it is told to. */
function receiver() {
  const batches: number[][] = [];
  const waiting: (() => void)[] = [];
  const post = (events: number[]) => {
    batches.push(events);
    return new Promise<void>(resolve => waiting.push(resolve));
  };
  return { batches, post, take: () => waiting.shift()?.() };
}

const count = (batches: readonly number[][]) => batches.reduce((sum, b) => sum + b.length, 0);

describe('posts of events', () => {
  it('go one at a time: the next when the last was taken', async () => {
    const { batches, post, take } = receiver();
    const posts = new EventPosts<number>(post);
    for (const n of [1, 2, 3]) await posts.push(n);
    await sleep(150);
    expect(batches).toEqual([[1]]);
    take();
    await sleep(100);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  it('come at most twenty times a second, and lose nothing', async () => {
    const seen: number[] = [];
    const at: number[] = [];
    const posts = new EventPosts<number>(events => {
      seen.push(...events);
      at.push(performance.now());
      return Promise.resolve();
    });
    for (let n = 0; n < 3000; n++) {
      await posts.push(n);
      if (n % 100 === 0) await sleep(5);
    }
    const before = at.length;
    await posts.end();
    expect(seen).toEqual(Array.from({ length: 3000 }, (_, n) => n));
    const gaps = at.slice(1, before).map((time, i) => time - at[i]!);
    expect(Math.min(...gaps)).toBeGreaterThan(40);
  });

  it('make their maker wait when nobody takes them', async () => {
    const { batches, post, take } = receiver();
    const posts = new EventPosts<number>(post);
    let made = 0;
    const making = (async () => {
      for (; made < 5000; made++) await posts.push(made);
      await posts.end();
    })();
    await sleep(100);
    expect(made).toBeLessThan(600);
    const taking = setInterval(take, 1);
    await making;
    clearInterval(taking);
    expect(count(batches)).toBe(5000);
  });

  it('tell their maker that nobody is there', async () => {
    const posts = new EventPosts<number>(() => Promise.reject(new Error('gone')));
    await posts.push(1);
    await sleep(0);
    await expect(posts.push(2)).rejects.toThrow('gone');
    await expect(posts.end()).rejects.toThrow('gone');
  });
});
