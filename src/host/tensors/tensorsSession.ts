/**
 * One view of a file of tensors from the host's side: answers its requests, each exactly once, and
 * posts how far a long answer has come. Can be thrown away with the view at any moment. Knows
 * nothing of VS Code, and never reads the file itself.
 */
import { basename } from 'node:path';
import type { Opened } from '../../engine/inspect/inspection';
import { ThreadEnded } from '../../engine/isolate/isolatedThread';
import { ProblemError } from '../../engine/problem';
import type {
  Cells,
  Contents,
  HostMessage,
  Problem,
  RequestMessage,
  Requests,
  Snapshot,
  Values,
} from '../../protocol/tensors';
import { reply } from '../viewReply';
import { FileThread } from './fileThread';
import { parseRequest } from './requests';
import { TensorNumbers } from './tensorNumbers';

/** What the view can have done to the world. */
export interface TensorsPorts {
  copy(text: string): Promise<void>;
  openAsText(): Promise<void>;
}

export interface SessionOptions {
  /** Of the file. */
  path: string;
  /** As people name it in this window. */
  label: string;
  ports: TensorsPorts;
  post(message: HostMessage): void;
}

export class TensorsSession {
  readonly #options: SessionOptions;
  readonly #thread: FileThread;
  #numbers: TensorNumbers | undefined;
  #snapshot: Promise<Snapshot> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#thread = new FileThread(options.path);
  }

  /** The file was written again, or is gone. */
  fileChanged(isMissing: boolean): void {
    if (this.#snapshot) this.#options.post({ type: 'fileChanged', isMissing });
  }

  /** The view is out of sight: what it waited for is not wanted any more. */
  pause(): void {
    this.#numbers?.giveUp();
  }

  dispose(): void {
    this.pause();
    this.#thread.close();
  }

  /** Takes any message of the view; what is not a request of the table is dropped. */
  async receive(message: unknown): Promise<void> {
    const request = parseRequest(message);
    if (!request) return;
    const answer = () => this.#answer(request);
    await reply(request.id, answer, this.#options.post, error => this.#problemOf(error));
  }

  #answer({ request, params }: RequestMessage): Promise<Requests[typeof request]['result']> {
    const { ports } = this.#options;
    switch (request) {
      case 'ready':
        this.#snapshot ??= this.#open();
        return this.#snapshot;
      case 'reload':
        this.#numbers?.giveUp();
        this.#snapshot = this.#open();
        return this.#snapshot;
      case 'statistics':
        return this.#opened.statistics(params.tensor);
      case 'histogram':
        return this.#opened.histogram(params.tensor);
      case 'cells':
        return this.#cells(params);
      case 'values':
        return this.#values(params);
      case 'copy':
        return done(ports.copy(params.text));
      case 'openAsText':
        return done(ports.openAsText());
    }
  }

  async #open(): Promise<Snapshot> {
    const { path, label, post } = this.#options;
    const file = { name: basename(path), path: label, bytes: 0, isTokenBin: false };
    this.#numbers = undefined;
    try {
      const opened = await this.#thread.open();
      this.#numbers = new TensorNumbers(this.#thread, opened.table, (tensor, share) =>
        post({ type: 'progress', tensor, share }),
      );
      const { fileBytes, format } = opened;
      return {
        file: { ...file, bytes: fileBytes, isTokenBin: format === 'tokens' },
        contents: contentsOf(opened),
        problem: null,
      };
    } catch (error) {
      return { file, contents: null, problem: this.#problemOf(error) };
    }
  }

  async #cells({ tensor, region, rows, columns }: Requests['cells']['params']): Promise<Cells> {
    this.#opened.known(tensor);
    const grid = { rows, columns };
    const cells = await this.#thread.ask('cells', { name: tensor, region, grid });
    return {
      min: bufferOf(cells.min),
      max: bufferOf(cells.max),
      notFinite: bufferOf(cells.notFinite),
      share: cells.share,
    };
  }

  async #values({ tensor, region }: Requests['values']['params']): Promise<Values> {
    this.#opened.known(tensor);
    const { numbers, exact } = await this.#thread.ask('values', { name: tensor, region });
    return { numbers: bufferOf(numbers), exact: exact ? [...exact] : null };
  }

  get #opened(): TensorNumbers {
    if (this.#numbers === undefined) throw new Error('The file is not open.');
    return this.#numbers;
  }

  #problemOf(error: unknown): Problem {
    if (error instanceof ProblemError) {
      const { code, message, where } = error.problem;
      const { path } = this.#options;
      // the view says which file it is
      return { code, message: message.replaceAll(path, basename(path)), byte: where.byte ?? null };
    }
    if (error instanceof ThreadEnded)
      return { code: `tensors.${error.why}`, message: this.#endWords(error), byte: null };
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'tensors.failed', message, byte: null };
  }

  #endWords({ why, message }: ThreadEnded): string {
    const { label } = this.#options;
    switch (why) {
      case 'memory':
        return `Reading ${label} took more memory than it may, and was ended.`;
      case 'time':
        return `Reading ${label} took too long, and was ended.`;
      case 'closed':
        return `${label} was closed.`;
      case 'crash':
        return `The reader of ${label} failed: ${message}`;
    }
  }
}

const done = (action: Promise<void>): Promise<null> => action.then(() => null);

function contentsOf({ format, table, totals, metadata }: Opened): Contents {
  const { names, dtypes, dtypeOf, shapes, shapeOf, bytes, offsets, remarks } = table;
  return {
    format,
    table: {
      names: [...names],
      dtypes: [...dtypes],
      dtypeOf: bufferOf(dtypeOf),
      shapes: shapes.map(shape => [...shape]),
      shapeOf: bufferOf(shapeOf),
      bytes: bufferOf(bytes),
      offsets: bufferOf(offsets),
      remarks: [...remarks],
    },
    totals: [...totals],
    metadata: metadata.map(([key, text]) => [key, text]),
  };
}

/** VS Code passes on ArrayBuffers as they are. */
const bufferOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): ArrayBuffer =>
  (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength);
