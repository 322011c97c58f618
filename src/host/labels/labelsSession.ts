/**
 * One view of labels from the host's side: reads examples, answers the view's requests, each exactly
 * once, and posts what there is. Knows nothing of VS Code.
 */
import type {
  LabelsHostMessage,
  LabelsRequestMessage,
  LabelsRequests,
  LabelsSnapshot,
  RunCard,
} from '../../protocol/labelsView';
import { reply, viewProblem } from '../viewReply';
import type { ReadLabels } from './labelsProcess';
import { parseLabelsRequest } from './labelsRequests';

/** What the view can have done to the world; each rejects with a message for people. */
export interface LabelsPorts {
  readonly isTrusted: boolean;
  /** Examples from this one on; `stop` ends it. */
  read(from: number): { labels: Promise<ReadLabels>; stop(): void };
  card(): Promise<RunCard | null>;
  train(): Promise<void>;
  openConfig(): Promise<void>;
  openPlan(): Promise<void>;
  manageTrust(): Promise<void>;
}

export interface LabelsSessionOptions {
  label: string;
  config: string;
  ports: LabelsPorts;
  post(message: LabelsHostMessage): void;
}

export class LabelsSession {
  readonly #options: LabelsSessionOptions;
  #read: ReadLabels = { examples: [], totals: null, problem: null };
  #card: RunCard | null = null;
  #stop: (() => void) | undefined;
  /** Of the reading that is wanted: an older one is too late. */
  #reading = 0;
  #isHydrated = false;

  constructor(options: LabelsSessionOptions) {
    this.#options = options;
  }

  get config(): string {
    return this.#options.config;
  }

  /** Reads again from the first example, or from another one. */
  async refresh(from = 0): Promise<void> {
    const { ports } = this.#options;
    if (!ports.isTrusted) return;
    this.#stop?.();
    const reading = ++this.#reading;
    try {
      const { labels, stop } = ports.read(from);
      this.#stop = stop;
      this.#tell();
      const [read, card] = await Promise.all([labels, ports.card().catch(() => null)]);
      if (reading !== this.#reading) return;
      [this.#read, this.#card] = [read, card];
    } catch (error) {
      if (reading !== this.#reading) return;
      this.#read = { examples: [], totals: null, problem: problemOf(error) };
    }
    this.#stop = undefined;
    this.#tell();
  }

  resume(): void {
    if (!this.#isHydrated) this.#options.post({ type: 'shown' });
  }

  pause(): void {
    this.#isHydrated = false;
  }

  dispose(): void {
    this.pause();
    this.#reading++;
    this.#stop?.();
  }

  get snapshot(): LabelsSnapshot {
    const { label, config, ports } = this.#options;
    return {
      ...{ label, config, ...this.#read, card: this.#card },
      isReading: this.#stop !== undefined,
      isTrusted: ports.isTrusted,
    };
  }

  /** Takes any message of the view; what is not a request of the table is dropped. */
  async receive(message: unknown): Promise<void> {
    const request = parseLabelsRequest(message);
    if (!request) return;
    const answer = () => this.#answer(request);
    await reply(request.id, answer, this.#options.post, problemOf);
  }

  #answer({
    request,
    params,
  }: LabelsRequestMessage): Promise<LabelsRequests[typeof request]['result']> {
    const { ports } = this.#options;
    switch (request) {
      case 'ready':
        this.#isHydrated = true;
        return Promise.resolve(this.snapshot);
      case 'read':
        return done(this.refresh(params.from));
      case 'train':
        return done(ports.train());
      case 'openConfig':
        return done(ports.openConfig());
      case 'openPlan':
        return done(ports.openPlan());
      case 'trust':
        return done(ports.manageTrust());
    }
  }

  #tell(): void {
    if (this.#isHydrated) this.#options.post({ type: 'labels', snapshot: this.snapshot });
  }
}

const done = (work: Promise<void>): Promise<null> => work.then(() => null);

const problemOf = (error: unknown) => viewProblem(error, 'labels.failed');
