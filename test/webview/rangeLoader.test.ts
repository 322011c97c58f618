import { describe, expect, it } from 'vitest';
import type { RangeOfRun, RangeRequest } from '../../src/protocol/curves';
import { RangeLoader, type RangeWish } from '../../webview/curves/rangeLoader';

const all: RangeWish = {
  axis: 'step',
  from: 0,
  to: 100,
  log: false,
  columns: 800,
  smallColumns: 200,
  smoothing: 0.8,
  lineExtremes: false,
};

/** A loader whose requests are answered by hand. */
function loader() {
  const state = { wish: all as RangeWish | undefined, runs: ['a', 'b'] };
  const requests: { request: RangeRequest; answer(): Promise<void>; refuse(): Promise<void> }[] =
    [];
  const taken: string[][] = [];
  const failures: unknown[] = [];
  const turn = () => new Promise<void>(resolve => setTimeout(resolve));
  const made = new RangeLoader({
    wish: () => state.wish && { request: state.wish, runs: state.runs },
    load: request =>
      new Promise((resolve, reject) => {
        const answer = () => resolve(request.runs.map(id => ({ id }) as RangeOfRun));
        requests.push({
          request,
          answer: () => (answer(), turn()),
          refuse: () => (reject(new Error('no')), turn()),
        });
      }),
    take: windows => taken.push(windows.map(({ id }) => id)),
    fail: error => failures.push(error),
  });
  return { made, state, requests, taken, failures };
}

describe('the loader of ranges', () => {
  it('asks for all visible runs, once', async () => {
    const { made, requests, taken } = loader();
    made.refresh();
    made.refresh();
    expect(requests.map(({ request }) => request.runs)).toEqual([['a', 'b']]);
    await requests[0]!.answer();
    made.refresh();
    expect(requests.length).toBe(1);
    expect(taken).toEqual([['a', 'b']]);
  });

  it('asks again only for a run that has new numbers', async () => {
    const { made, requests } = loader();
    made.refresh();
    await requests[0]!.answer();
    made.expire(['b']);
    made.refresh();
    expect(requests[1]!.request.runs).toEqual(['b']);
  });

  it('has one request under way, and then asks for the newest wish', async () => {
    const { made, state, requests } = loader();
    made.refresh();
    for (const smoothing of [0.1, 0.2, 0.3]) {
      state.wish = { ...all, smoothing };
      made.refresh();
    }
    expect(requests.length).toBe(1);
    await requests[0]!.answer();
    expect(requests.map(({ request }) => request.smoothing)).toEqual([0.8, 0.3]);
  });

  it('asks again for what grew while it was being answered', async () => {
    const { made, requests } = loader();
    made.refresh();
    made.expire(['a']);
    await requests[0]!.answer();
    expect(requests[1]!.request.runs).toEqual(['a']);
  });

  it('drops an answer for another axis', async () => {
    const { made, state, requests, taken } = loader();
    made.refresh();
    state.wish = { ...all, axis: 'tokens' };
    await requests[0]!.answer();
    expect(taken).toEqual([]);
    expect(requests[1]!.request.axis).toBe('tokens');
  });

  it('asks for nothing while the plots have no size', () => {
    const { made, state, requests } = loader();
    state.wish = undefined;
    made.refresh();
    expect(requests).toEqual([]);
  });

  it('tells a refusal, and does not ask for the same again by itself', async () => {
    const { made, requests, failures } = loader();
    made.refresh();
    await requests[0]!.refuse();
    expect(failures.length).toBe(1);
    expect(requests.length).toBe(1);
  });
});
