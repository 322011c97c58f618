import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import {
  IsolatedThread,
  ThreadEnded,
  threadBeside,
} from '../../../src/engine/isolate/isolatedThread';
import { ProblemError } from '../../../src/engine/problem';
import { bundle } from '../../durability/bundle';
import type { Order } from './strangeWorker';

const source = threadBeside(import.meta.url, './strangeWorker');
const bundled = bundle('test/engine/isolate/strangeWorker.ts');
const LONG = 60_000;
const SHORT = 300;

let thread: IsolatedThread;
const start = (file = source, memoryMb = 64) => (thread = new IsolatedThread(file, { memoryMb }));
afterEach(() => thread.close());

const ways = {
  'asked and waited for': (order: Order, ms = LONG) => thread.ask(order, ms),
  'asked and blocked on': (order: Order, ms = LONG) =>
    new Promise(resolve => resolve(thread.askNow(order, ms))),
};

describe.each(Object.entries(ways))('a thread that is %s', (_, ask) => {
  it.each([
    ['its source', source],
    ['its bundle', bundled],
  ])('answers from %s', async (_, file) => {
    start(file);
    expect(await ask('answer')).toEqual({ answer: 42 });
  });

  it('hands problems over as they are, and other errors by their message', async () => {
    start();
    await expect(ask('refuse')).rejects.toThrow(ProblemError);
    await expect(ask('refuse')).rejects.toMatchObject({
      problem: { code: 'test.refused', where: { key: 'a' } },
    });
    await expect(ask('throw')).rejects.toThrow('It was thrown.');
    expect(await ask('answer')).toEqual({ answer: 42 });
  });

  it('is killed in the middle of a regular expression, and stays so', async () => {
    start();
    await ask('answer');
    await expect(ask('loop', SHORT)).rejects.toMatchObject({ name: 'ThreadEnded', why: 'time' });
    await expect(ask('answer')).rejects.toMatchObject({ why: 'time' });
    expect(thread.ending).toBe('time');
  });
});

describe('a thread', () => {
  it('that wants more memory than it may have ends alone', async () => {
    start(bundled, 16);
    await expect(thread.ask('fill', LONG)).rejects.toMatchObject({ why: 'memory' });
  });

  it('that exits ends what is asked', async () => {
    start();
    await expect(thread.ask('exit', LONG)).rejects.toMatchObject({ why: 'crash' });
  });

  it('that was closed answers no more', async () => {
    start();
    const asked = thread.ask('loop', LONG);
    thread.close();
    await expect(asked).rejects.toThrow(ThreadEnded);
    expect(() => thread.askNow('answer', LONG)).toThrow(ThreadEnded);
  });

  it('answers several at a time, each its own', async () => {
    start();
    const several = [thread.ask('answer', LONG), thread.ask('throw', LONG).catch(() => 'thrown')];
    expect(thread.askNow('answer', LONG)).toEqual({ answer: 42 });
    expect(await Promise.all(several)).toEqual([{ answer: 42 }, 'thrown']);
  });

  it('sees nothing of the environment and prints nothing', async () => {
    process.env.HF_TOKEN = 'hf_canary';
    start(bundled);
    expect(await thread.ask('look', LONG)).toEqual({ env: [], argv: [] });
    await thread.ask('print', LONG);
    delete process.env.HF_TOKEN;
  });

  it('has its bundle beside ours, and its source where it is', () => {
    const beside = (path: string) => threadBeside(pathToFileURL(path).href, './parts/oneWorker');
    const path = (name: string) => join(import.meta.dirname, name);
    expect(beside(path('module.ts'))).toBe(path('parts/oneWorker.ts'));
    expect(beside(path('cli.cjs'))).toBe(path('oneWorker.cjs'));
    start();
  });
});
