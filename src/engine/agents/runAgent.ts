/**
 * The loop of an agent over one question: ask, write, judge, ask again with the critique, within a
 * budget; several answers are written together and voted on (self-consistency, Wang et al. 2022). Says
 * what it does as it does it.
 */
import type { AgentEnd, AgentEvent, AgentStart, AgentStep } from '../../protocol/evaluation';
import type { Prompt, SamplingSettings } from '../../protocol/sandbox';
import { fail } from '../problem';
import type { TextModel } from '../sandbox/textModel';
import { agents, type Agent, answerIn } from './agent';
import { type Written, writeTogether } from './calculating';

export interface AgentSettings extends Omit<
  AgentStart,
  'type' | 'version' | 'started' | 'sampling'
> {
  /** Of each step; `alternatives` are not told. */
  readonly sampling: SamplingSettings;
  /** Sets this question's random numbers apart from those of others. */
  readonly key?: number;
}

export const AGENT_DEFAULTS = {
  judges: 'answer',
  budget: { steps: 3, tokens: null, seconds: null },
  votes: 1,
} as const;

/** As in the notebook: warm enough that a second try is another one. */
export const AGENT_SAMPLING: SamplingSettings = {
  maxTokens: 128,
  temperature: 0.8,
  topK: 50,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  seed: 0,
  stop: [],
  alternatives: 0,
};

/** One of the answers that are voted on. */
interface Voter {
  readonly vote: number;
  prompt: string;
  steps: number;
  text: string;
  isGood: boolean;
}

/** The records of a trace, and the text of the first answer as it comes. @throws `agent.no-tokenizer`, … */
export async function* runAgent(
  model: TextModel,
  settings: AgentSettings,
  signal?: AbortSignal,
): AsyncGenerator<AgentEvent> {
  if (!model.tokenizer)
    fail('agent.no-tokenizer', 'An agent reads and writes text: the model needs a tokenizer.');
  const { judges, question, budget, votes, sampling } = settings;
  const { temperature, seed } = sampling;
  const agent = agents[settings.agent];
  yield {
    ...{ type: 'agent', version: 1, agent: agent.name, judges, question, model: settings.model },
    ...{ started: new Date().toISOString(), budget, votes, sampling: { temperature, seed } },
  };
  const run = new AgentRun(model, agent, settings, signal);
  const began = performance.now();
  while (run.goesOn()) yield* run.round();
  run.dispose();
  yield run.end((performance.now() - began) / 1000);
}

class AgentRun {
  readonly #voters: Voter[];
  readonly #began = performance.now();
  readonly #aborting = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  #steps = 0;
  #newTokens = 0;

  constructor(
    private readonly model: TextModel,
    private readonly agent: Agent,
    private readonly settings: AgentSettings,
    private readonly signal: AbortSignal | undefined,
  ) {
    const prompt = agent.ask(settings.question);
    this.#voters = Array.from({ length: settings.votes }, (_, vote) => ({
      ...{ vote, prompt, steps: 0, text: '', isGood: false },
    }));
    const { seconds } = settings.budget;
    if (seconds !== null)
      this.#timer = setTimeout(() => this.#aborting.abort(), seconds * 1000).unref();
    signal?.addEventListener('abort', this.#abort);
    if (signal?.aborted) this.#abort();
  }

  readonly #abort = (): void => this.#aborting.abort();

  dispose(): void {
    clearTimeout(this.#timer);
    this.signal?.removeEventListener('abort', this.#abort);
  }

  goesOn(): boolean {
    return this.#live().length > 0 && this.#tokensLeft() > 0 && !this.#isOutOfTime();
  }

  /** A step of every voter that is not done. */
  async *round(): AsyncGenerator<AgentEvent> {
    const voters = this.#live();
    const began = performance.now();
    const prompts: Prompt[] = [];
    for (const { prompt } of voters) prompts.push(await this.#promptOf(prompt));
    const { sampling, key = 0 } = this.settings;
    const share = Math.floor(this.#tokensLeft() / voters.length);
    const texts = new TextQueue();
    const first = this.#steps + 1;
    const writing = writeTogether(this.model, {
      prompts: prompts.map(({ tokens }) => tokens.map(({ id }) => id)),
      sampling: { ...sampling, maxTokens: Math.max(1, Math.min(sampling.maxTokens, share)) },
      keys: voters.map(({ vote, steps }) => [key, vote, steps]),
      calculates: this.agent.calculates,
      signal: this.#aborting.signal,
      onText: (sequence, text) => sequence === 0 && texts.push(text),
    }).finally(() => texts.end());
    for await (const text of texts) yield { type: 'writing', step: first, text };
    const written = await writing;
    const seconds = (performance.now() - began) / 1000;
    for (const [i, voter] of voters.entries()) yield this.#judge(voter, prompts[i]!, written[i]!, seconds); // prettier-ignore
  }

  /** A model with a chat template is asked in its own form. */
  #promptOf(prompt: string): Promise<Prompt> {
    if (!this.model.facts.hasChat) return this.model.prompt({ kind: 'text', text: prompt });
    return this.model.prompt({ kind: 'chat', messages: [{ role: 'user', content: prompt }] });
  }

  #judge(voter: Voter, prompt: Prompt, written: Written, seconds: number): AgentStep {
    const { output, newTokens, ended, calls } = written;
    const { contextLength } = this.model.facts;
    const promptTokens = prompt.tokens.length;
    const text = this.settings.judges === 'whole' ? voter.prompt + output : output;
    const isCut = ended === 'cancelled';
    const critique = isCut ? 'It was stopped before it was done.' : this.agent.critique(text);
    this.#newTokens += newTokens;
    voter.steps++;
    voter.text = text;
    voter.isGood = critique === null;
    if (critique !== null) voter.prompt = this.agent.askAgain(voter.prompt, text, critique);
    return {
      type: 'step',
      step: ++this.#steps,
      vote: voter.vote,
      prompt: prompt.text ?? '',
      promptTokens,
      croppedTokens: Math.min(promptTokens, Math.max(0, promptTokens + newTokens - contextLength)),
      ...{ output, newTokens, ended, calls, isGood: voter.isGood, critique },
      answer: answerIn(output),
      seconds,
    };
  }

  end(seconds: number): AgentEnd {
    const counts = new Map<string | null, number>();
    const answers = this.#voters.map(({ text, steps }) => (steps === 0 ? null : answerIn(text)));
    for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    const tally = Array.from(counts, ([answer, votes]) => ({ answer, votes })).sort(
      (a, b) => Number(a.answer === null) - Number(b.answer === null) || b.votes - a.votes,
    );
    const answer = tally[0]?.answer ?? null;
    const winner = this.#voters[answers.indexOf(answer)]!;
    return {
      type: 'end',
      ...{ final: winner.text, answer, isGood: winner.isGood, reason: this.#reason(winner), tally },
      ...{ steps: this.#steps, newTokens: this.#newTokens, seconds },
    };
  }

  #reason({ isGood }: Voter): AgentEnd['reason'] {
    if (this.signal?.aborted) return 'cancelled';
    if (this.#live().length > 0) return this.#isOutOfTime() ? 'time' : 'tokens';
    if (this.settings.votes > 1) return 'voted';
    return isGood ? 'good' : 'steps';
  }

  #live = (): Voter[] =>
    this.#voters.filter(({ isGood, steps }) => !isGood && steps < this.settings.budget.steps);

  #tokensLeft = (): number => (this.settings.budget.tokens ?? Infinity) - this.#newTokens;

  #isOutOfTime(): boolean {
    const { seconds } = this.settings.budget;
    const isLate = seconds !== null && performance.now() - this.#began >= seconds * 1000;
    return isLate || this.#aborting.signal.aborted;
  }
}

/** Texts that are pushed from one side and read from the other. */
class TextQueue implements AsyncIterable<string> {
  readonly #texts: string[] = [];
  #isOver = false;
  #wake: () => void = () => undefined;

  push(text: string): void {
    if (text !== '') this.#texts.push(text);
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      if (this.#texts.length > 0) yield this.#texts.splice(0).join('');
      else if (this.#isOver) return;
      else await new Promise<void>(resolve => (this.#wake = resolve));
    }
  }
}
