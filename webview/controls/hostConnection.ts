/**
 * A view's line to the host: requests with one reply each, and what the host posts on its own. Knows
 * nothing of what is asked for: that is the protocol of each view.
 */

/** What a request takes and what it gives back. */
interface Exchange {
  params: unknown;
  result: unknown;
}

type Reply = { type: 'reply'; id: number } & ({ value: unknown } | { error: { message: string } });

interface EditorApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): EditorApi;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Waits for an answer to `ready` before it is sent again: a message to a new view may get lost. */
const PATIENCE_MS = [1000, 2000, 4000];

/** Of a view whose protocol has these requests, of which `ready` comes first, and these posts. */
export class HostConnection<
  Requests extends { [Name in keyof Requests]: Exchange } & { ready: Exchange },
  Post extends { type: string },
> {
  /** What the host says on its own; set before `connect`. */
  onPost: (post: Post) => void = () => {};
  /** Further answers to `connect`, which asks again when one is late; set before. */
  onLateAnswer: (answer: Requests['ready']['result']) => void = () => {};
  readonly #editor = acquireVsCodeApi();
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;

  constructor() {
    addEventListener('message', (event: MessageEvent<Reply | Post>) => this.#receive(event.data));
  }

  /** Rejects with the host's words when it refuses. */
  request<Name extends keyof Requests & string>(
    request: Name,
    params: Requests[Name]['params'],
  ): Promise<Requests[Name]['result']> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve, reject });
      this.#editor.postMessage({ id, request, params });
    });
  }

  /** Asks until there is an answer; `waiting` is called each time that there was none. */
  async connect(
    params: Requests['ready']['params'],
    waiting: () => void,
  ): Promise<Requests['ready']['result']> {
    const answers: Promise<Requests['ready']['result']>[] = [];
    let isAnswered = false;
    const ask = async () => {
      const answer = await this.request('ready', params);
      if (isAnswered) this.onLateAnswer(answer);
      isAnswered = true;
      return answer;
    };
    for (let attempt = 0; ; attempt++) {
      answers.push(ask());
      const patience = PATIENCE_MS[Math.min(attempt, PATIENCE_MS.length - 1)]!;
      const answer = await Promise.race([...answers, after(patience)]);
      if (answer) return answer;
      waiting();
    }
  }

  /** What the view kept for itself; of an older version, or anything. */
  get memory(): unknown {
    return this.#editor.getState();
  }

  set memory(state: unknown) {
    this.#editor.setState(state);
  }

  #receive(message: Reply | Post): void {
    if (!isReply(message)) {
      this.onPost(message);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ('error' in message) pending?.reject(new Error(message.error.message));
    else pending?.resolve(message.value);
  }
}

const isReply = (message: { type: string }): message is Reply => message.type === 'reply';

const after = (milliseconds: number): Promise<undefined> =>
  new Promise(resolve => setTimeout(() => resolve(undefined), milliseconds));
