/** The sandbox's session with the real engine process: writing, comparing, branching, failing. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/protocol/sandboxView';
import { modelAt } from '../../webview/sandboxLab';
import { PROBLEM, sandboxScene } from './sandboxScene';

const scenes = sandboxScene();
const { early, late, chat } = scenes.models;
const ids = ({ tokens }: Outcome) => tokens.map(token => token.id);
const all = { column: null };

describe('writing', () => {
  it('goes on with the prompt, tells every token, and ends', async () => {
    const scene = await scenes.start(late);
    await scene.ask('generate', all);
    await scene.written();
    const { tokens, status, text, stats, promptIds } = scene.outcome();
    expect(status.kind).toBe('ended');
    expect(tokens.length).toBeGreaterThan(5);
    expect(text).toBe(tokens.map(token => token.shown).join(''));
    expect(tokens.every(token => token.alternatives.length >= 10)).toBe(true);
    expect(tokens.every(({ probability }) => probability > 0 && probability <= 1)).toBe(true);
    expect(promptIds.length).toBeGreaterThan(10);
    expect(stats!.cacheBytes).toBeGreaterThan(0);
  });

  it('tells the view each token once and in order', async () => {
    const scene = await scenes.start(late);
    await scene.ask('generate', all);
    await scene.written();
    let told: number[] = [];
    for (const post of scene.posted)
      if (post.type === 'outcome')
        told = [...told.slice(0, post.from), ...post.tokens.map(token => token.id)];
    expect(told).toEqual(ids(scene.outcome()));
  });

  it('is the same from the same seed, on every backend, and another from another', async () => {
    const scene = await scenes.start(late, late);
    const [, second] = scene.session.document.columns;
    await scene.ask('setColumn', {
      column: second!.id,
      run: { backend: 'nocache', device: 'cpu', bits: null },
    });
    await scene.ask('generate', all);
    await scene.written();
    expect(ids(scene.outcome(1))).toEqual(ids(scene.outcome(0)));
    await scene.ask('edit', { sameSeed: false });
    await scene.sample({ temperature: 2, topK: 0, topP: 1 });
    await scene.ask('generate', all);
    await scene.written();
    expect([scene.outcome(0), scene.outcome(1)].map(o => o.sampling.seed)).toEqual([5, 6]);
    expect(ids(scene.outcome(1))).not.toEqual(ids(scene.outcome(0)));
  });

  it('stops before a stop text, which the tokens still show', async () => {
    const scene = await scenes.start(late);
    await scene.sample({ greedy: true, stop: ['####'], maxTokens: 100 });
    await scene.ask('generate', all);
    await scene.written();
    const { status, text, tokens } = scene.outcome();
    expect(status).toEqual({ kind: 'ended', reason: 'stop' });
    expect(text).not.toContain('#');
    expect(tokens.map(token => token.shown).join('')).toContain('####');
  });

  it('ends when it is stopped, and columns that wait do not begin', async () => {
    const scene = await scenes.start(early, late);
    await scene.sample({ maxTokens: 30_000, temperature: 2, topK: 0, topP: 1 });
    await scene.ask('generate', all);
    await scene.until(() => scene.outcome(0).tokens.length > 3);
    await scene.ask('stop', all);
    await scene.written();
    const cancelled = { kind: 'ended', reason: 'cancelled' };
    expect([scene.outcome(0).status, scene.outcome(1).status]).toEqual([cancelled, cancelled]);
    expect(scene.outcome(1).tokens).toEqual([]);
  });

  it('of a column that waits is stopped at once, while another goes on', async () => {
    const scene = await scenes.start(late, early);
    await scene.sample({ maxTokens: 30_000, temperature: 2, topK: 0, topP: 1 });
    await scene.ask('generate', all);
    await scene.until(() => scene.outcome(0).tokens.length > 3);
    await scene.ask('stop', { column: scene.session.document.columns[1]!.id });
    expect(scene.outcome(1).status).toEqual({ kind: 'ended', reason: 'cancelled' });
    expect(scene.outcome(0).status.kind).toBe('streaming');
    await scene.ask('stop', all);
    await scene.written();
  });

  it('does not begin when it is stopped while it waits for the text before it to end', async () => {
    const scene = await scenes.start(late);
    await scene.sample({ maxTokens: 30_000, temperature: 2, topK: 0, topP: 1 });
    await scene.ask('generate', all);
    await scene.until(() => scene.outcome().tokens.length > 3);
    const first = scene.exchange().id;
    await Promise.all([scene.ask('generate', all), scene.ask('stop', all)]);
    await scene.written();
    expect(scene.exchange().id).toBe(first);
    expect(scene.outcome().status).toEqual({ kind: 'ended', reason: 'cancelled' });
  });

  it('is begun anew by another generate, which ends the first', async () => {
    const scene = await scenes.start(late);
    await scene.sample({ maxTokens: 30_000, temperature: 2, topK: 0, topP: 1 });
    await scene.ask('generate', all);
    await scene.until(() => scene.outcome().tokens.length > 3);
    const first = scene.exchange().id;
    await scene.sample({ maxTokens: 4 });
    await scene.ask('generate', all);
    await scene.written();
    expect(scene.exchange().id).not.toBe(first);
    expect(scene.outcome().tokens.length).toBeLessThanOrEqual(4);
  });

  it.each([
    ['without a model', 'Choose a model first', false, PROBLEM],
    ['without a prompt', 'Write a prompt first', true, ''],
  ])('is refused %s', async (_, words, hasModel, prompt) => {
    const scene = await scenes.start(...(hasModel ? [late] : []));
    await scene.ask('edit', { prompt });
    await expect(scene.ask('generate', all)).rejects.toThrow(words);
  });
});

describe('a branch', () => {
  it('keeps what stood before, and goes on from the other token', async () => {
    const scene = await scenes.start(late, early);
    await scene.ask('generate', all);
    await scene.written();
    const [before, other] = [scene.outcome(0), scene.outcome(1)];
    const at = 3;
    const chosen = before.tokens[at]!.alternatives.find(({ id }) => id !== before.tokens[at]!.id)!;
    const column = scene.session.document.columns[0]!.id;
    await scene.ask('branch', { column, at, token: chosen.id });
    await scene.written();
    const after = scene.outcome(0);
    expect(after.tokens.slice(0, at)).toEqual(before.tokens.slice(0, at));
    expect(after.tokens[at]).toMatchObject({
      id: chosen.id,
      probability: chosen.probability,
      isForced: true,
    });
    expect(after.tokens.length).toBeGreaterThan(at + 1);
    expect(after.text).toBe(after.tokens.map(token => token.shown).join(''));
    expect(scene.outcome(1)).toBe(other);
    // The text that it left is in the history.
    const { history } = await scene.ask('ready', null);
    await scene.ask('restore', { item: history.at(-1)!.id });
    expect(scene.outcome(0).tokens).toEqual(before.tokens);
  });

  it('of one column lets the others go on', async () => {
    const scene = await scenes.start(late, early);
    await scene.sample({ maxTokens: 30, temperature: 2, topK: 0, topP: 1 });
    await scene.ask('generate', all);
    await scene.until(() => scene.outcome(1).tokens.length > 0);
    const column = scene.session.document.columns[0]!.id;
    const { tokens } = scene.outcome(0);
    const other = tokens[1]!.alternatives.find(({ id }) => id !== tokens[1]!.id)!;
    await scene.ask('branch', { column, at: 1, token: other.id });
    await scene.written();
    const ended = [scene.outcome(0), scene.outcome(1)].map(({ status }) => status.kind);
    expect(ended).toEqual(['ended', 'ended']);
    expect(scene.outcome(1).tokens.length).toBeGreaterThan(1);
    expect(scene.outcome(0).tokens[1]!.id).toBe(other.id);
  });

  it('is refused from a token that is none of the alternatives', async () => {
    const scene = await scenes.start(late);
    await scene.ask('generate', all);
    await scene.written();
    const column = scene.session.document.columns[0]!.id;
    const strange = { column, at: 0, token: 9_999_999 };
    await expect(scene.ask('branch', strange)).rejects.toThrow('not there any more');
  });
});

describe('a chat', () => {
  it('goes on with what was said, each column with its own answers', async () => {
    const scene = await scenes.start(chat);
    await scene.ask('edit', { mode: 'chat', system: 'Be brief.', message: 'Hello' });
    await scene.sample({ maxTokens: 8 });
    await scene.ask('generate', all);
    await scene.written();
    expect(scene.session.document.message).toBe('');
    const answer = scene.outcome().text!;
    await scene.ask('edit', { message: 'Again' });
    await scene.ask('generate', all);
    await scene.written();
    const own = scene.session.document.exchanges.filter(({ mode }) => mode === 'chat');
    expect(own.map(({ user }) => user)).toEqual(['Hello', 'Again']);
    const { rendered } = scene.outcome();
    expect(rendered).toContain('<|im_start|>system\nBe brief.<|im_end|>');
    expect(rendered).toContain(`<|im_start|>assistant\n${answer}<|im_end|>`);
    expect(rendered).toMatch(/<\|im_start\|>user\nAgain<\|im_end\|>\n<\|im_start\|>assistant\n$/);
  });

  it('fails in its place with a model that has no template', async () => {
    const scene = await scenes.start(late);
    await scene.ask('edit', { mode: 'chat', message: 'Hello' });
    await scene.ask('generate', all);
    await scene.written();
    expect(scene.outcome().status).toMatchObject({
      kind: 'failed',
      problem: { code: 'chat.no-template' },
    });
  });
});

describe('failures', () => {
  it('of one column leave the other as it is', async () => {
    const broken = modelAt(join(scenes.workspace, 'nowhere'), 'nowhere', scenes.workspace);
    const scene = await scenes.start(broken, late);
    await scene.ask('generate', all);
    await scene.written();
    expect(scene.outcome(0).status).toMatchObject({ problem: { code: 'model.no-config' } });
    expect(scene.outcome(1).status.kind).toBe('ended');
  });

  it('by a crash keep the text, are told, and are over with the next try', async () => {
    const scene = await scenes.start(late);
    await scene.sample({ maxTokens: 30_000, temperature: 2, topK: 0, topP: 1 });
    await scene.ask('generate', all);
    await scene.until(() => scene.outcome().tokens.length > 3);
    process.kill(scene.engine.pid!, 'SIGKILL');
    await scene.written();
    expect(scene.outcome().status).toMatchObject({ problem: { code: 'engine.crashed' } });
    expect(scene.outcome().tokens.length).toBeGreaterThan(3);
    const told = scene.posted.filter(post => post.type === 'circumstances');
    expect(told.some(({ engine }) => engine.kind === 'restarting')).toBe(true);
    await scene.sample({ maxTokens: 4 });
    await scene.ask('regenerate', all);
    await scene.written();
    expect(scene.outcome().status).toEqual({ kind: 'ended', reason: 'length' });
  });

  it('in Restricted Mode start nothing', async () => {
    const scene = await scenes.start();
    scene.isTrusted = false;
    await scene.session.show(late, 'instead');
    await scene.ask('count', { column: scene.session.document.columns[0]!.id });
    await expect(scene.ask('generate', all)).rejects.toThrow('host.untrusted');
    expect(scene.engine.state.kind).toBe('off');
  });
});

describe('the prompt', () => {
  it('is counted as the model reads it', async () => {
    const scene = await scenes.start(late);
    await scene.ask('count', { column: scene.session.document.columns[0]!.id });
    const state = scene.posted.findLast(post => post.type === 'prompt')?.promptState;
    if (state?.kind !== 'known') throw new Error('not counted');
    expect(state.facts.tokens.map(({ text }) => text).join('')).toBe(PROBLEM);
    expect(state.facts.rendered).toBeNull();
  });

  it('of a chat is rendered', async () => {
    const scene = await scenes.start(chat);
    await scene.ask('edit', { mode: 'chat', message: 'Hi' });
    await scene.ask('count', { column: scene.session.document.columns[0]!.id });
    const state = scene.posted.findLast(post => post.type === 'prompt')?.promptState;
    expect(state).toMatchObject({
      facts: { rendered: '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n' },
    });
  });
});

describe('what was written', () => {
  it('is there again after the window was closed', async () => {
    const scene = await scenes.start(late);
    await scene.ask('generate', all);
    await scene.written();
    await scene.until(() =>
      scene.posted.some(p => p.type === 'circumstances' && p.history.length > 0),
    );
    const { document } = scene.session;
    scene.session.dispose();
    const again = scene.reopened();
    expect(again.document).toEqual(document);
    again.dispose();
  });

  it('is over when the window was closed meanwhile', async () => {
    const scene = await scenes.start(late);
    await scene.sample({ maxTokens: 30_000, temperature: 2, topK: 0, topP: 1 });
    await scene.ask('generate', all);
    await scene.until(() => scene.outcome().tokens.length > 3);
    scene.session.dispose();
    const again = scene.reopened();
    const [exchange] = again.document.exchanges;
    expect(exchange!.outcomes[0]!.status).toEqual({ kind: 'ended', reason: 'cancelled' });
    expect(exchange!.outcomes[0]!.tokens.length).toBeGreaterThan(3);
    again.dispose();
  });

  it('is forgotten with its file when that is asked for', async () => {
    const scene = await scenes.start(late);
    await scene.ask('generate', all);
    await scene.written();
    const item = scene.exchange().id;
    await scene.until(() =>
      scene.posted.some(p => p.type === 'circumstances' && p.history.length > 0),
    );
    await scene.ask('forget', { item: null });
    await expect(scene.ask('restore', { item })).rejects.toThrow('not there any more');
  });

  it('is as if it were not there when its file is broken', async () => {
    const scene = await scenes.start(late);
    await scene.ask('generate', all);
    await scene.written();
    const item = scene.exchange().id;
    await scene.until(() =>
      scene.posted.some(p => p.type === 'circumstances' && p.history.length > 0),
    );
    rmSync(join(scene.folder, `${item}.json`));
    await expect(scene.ask('restore', { item })).rejects.toThrow('not there any more');
  });
});
