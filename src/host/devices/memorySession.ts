/**
 * One view of a memory plan from the host's side: plans the config as it stands in the editor, answers
 * the view's requests, each exactly once. Starts nothing and writes only what is asked for. Knows
 * nothing of VS Code.
 */
import { countText } from '../../curves/numberText';
import { writeKeys } from '../../engine/config/writeKeys';
import { BANK_DEVICES, bankDevice } from '../../engine/devices/bankDevice';
import { readBankJob } from '../../engine/plan/bankJob';
import { type BankPlan, bankPlan } from '../../engine/plan/bankPlan';
import { fail } from '../../engine/problem';
import type {
  MemoryHostMessage,
  MemoryRequestMessage,
  MemoryRequests,
  MemorySnapshot,
} from '../../protocol/memoryView';
import type { ViewProblem } from '../../protocol/viewReply';
import { reply, viewProblem } from '../viewReply';
import { buffersCsv, memoryPlanOf } from './memoryPlan';
import { parseMemoryRequest } from './memoryRequests';

/** What the view can have done to the world; each rejects with a message for people. */
export interface MemoryPorts {
  /** The config as it stands in the editor. */
  text(): Promise<string>;
  replaceText(text: string): Promise<void>;
  /** Asks for a device; undefined when none was given. */
  describeDevice(now: string): Promise<string | undefined>;
  explain(): Promise<void>;
  openConfig(): Promise<void>;
  save(kind: 'json' | 'csv', content: Uint8Array): Promise<string | null>;
}

export interface MemorySessionOptions {
  label: string;
  config: string;
  /** Path of the config on the disk. */
  path: string;
  device?: string;
  ports: MemoryPorts;
  post(message: MemoryHostMessage): void;
}

export class MemorySession {
  readonly #options: MemorySessionOptions;
  #device: string;
  #plan: BankPlan | null = null;
  #problem: ViewProblem | null = null;
  #isHydrated = false;

  constructor(options: MemorySessionOptions) {
    this.#options = options;
    this.#device = options.device ?? BANK_DEVICES[0]!.name;
  }

  /** Plans again, after the config or the device changed. */
  async refresh(): Promise<void> {
    const { ports, path } = this.#options;
    try {
      const { job, problems } = readBankJob(await ports.text(), path);
      const error = problems.find(({ severity }) => severity === 'error');
      this.#plan = job ? bankPlan(job, bankDevice(this.#device)) : null;
      this.#problem = job ? null : (error ?? null);
    } catch (error) {
      [this.#plan, this.#problem] = [null, problemOf(error)];
    }
    if (this.#isHydrated) this.#options.post({ type: 'plan', snapshot: this.snapshot });
  }

  resume(): void {
    if (!this.#isHydrated) this.#options.post({ type: 'shown' });
  }

  pause(): void {
    this.#isHydrated = false;
  }

  dispose(): void {
    this.pause();
  }

  get snapshot(): MemorySnapshot {
    const { label, config } = this.#options;
    const presets = BANK_DEVICES.map(({ name, title, banks, bankBytes }) => ({
      name,
      title: `${banks} banks × ${countText(bankBytes)} B, ${title}`,
    }));
    const isPreset = presets.some(({ name }) => name === this.#device);
    const own = { name: this.#device, title: this.#device.replace('x', ' × ') };
    return {
      ...{ label, config, device: this.#device },
      devices: isPreset ? presets : [...presets, own],
      plan: this.#plan && memoryPlanOf(this.#plan),
      problem: this.#problem && { code: this.#problem.code, message: this.#problem.message },
    };
  }

  /** Takes any message of the view; what is not a request of the table is dropped. */
  async receive(message: unknown): Promise<void> {
    const request = parseMemoryRequest(message);
    if (!request) return;
    const answer = () => this.#answer(request);
    await reply(request.id, answer, this.#options.post, problemOf);
  }

  #answer({
    request,
    params,
  }: MemoryRequestMessage): Promise<MemoryRequests[typeof request]['result']> {
    const { ports } = this.#options;
    switch (request) {
      case 'ready':
        this.#isHydrated = true;
        return this.#plan || this.#problem
          ? Promise.resolve(this.snapshot)
          : this.refresh().then(() => this.snapshot);
      case 'choose':
        return done(this.#choose(params.device));
      case 'describe':
        return done(ports.describeDevice(this.#device).then(name => this.#choose(name)));
      case 'apply':
        return done(this.#apply(params.id));
      case 'explain':
        return done(ports.explain());
      case 'openConfig':
        return done(ports.openConfig());
      case 'save':
        return this.#save(params.kind);
    }
  }

  /** @throws `plan.unknown-device`, and keeps the one that was chosen */
  async #choose(device: string | undefined): Promise<void> {
    if (device === undefined) return;
    this.#device = bankDevice(device).name;
    await this.refresh();
  }

  async #apply(id: string): Promise<void> {
    const { ports } = this.#options;
    const all = [...(this.#plan?.suggestions ?? []), ...(this.#plan?.pairs ?? [])];
    const suggestion = all.find(each => each.id === id);
    if (!suggestion) return;
    const text = writeKeys(await ports.text(), suggestion.edits);
    if (text === undefined)
      fail(
        'plan.elsewhere',
        'The model is in another file (`training_config.model_config`). Change it there.',
      );
    await ports.replaceText(text);
  }

  async #save(kind: 'json' | 'csv'): Promise<{ path: string | null }> {
    const plan = this.#plan ?? fail('plan.none', 'There is no plan to save yet.');
    const text = kind === 'csv' ? buffersCsv(plan) : `${JSON.stringify(plan, null, 2)}\n`;
    return { path: await this.#options.ports.save(kind, new TextEncoder().encode(text)) };
  }
}

const done = (work: Promise<void>): Promise<null> => work.then(() => null);

const problemOf = (error: unknown) => viewProblem(error, 'plan.failed');
