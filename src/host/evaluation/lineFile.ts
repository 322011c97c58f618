/**
 * A file of lines that grows, read from where the last look ended. Knows nothing of what the lines
 * say: each is given on with its place.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { diskProblem } from '../../engine/files/diskProblem';
import { disk, type FileSystem } from '../../engine/files/fileSystem';
import { exists } from '../../engine/files/readFile';

export interface Place {
  readonly byte: number;
  readonly bytes: number;
}

const NEWLINE = 0x0a;
/** Read and given on in one turn of the event loop: some 10 ms of work. */
const PORTION_BYTES = 512 * 1024;

export class LineFile {
  #nextByte = 0;

  constructor(
    readonly path: string,
    private readonly fs: FileSystem = disk,
  ) {}

  /**
   * Gives on the lines that are new. A last line without its end is still being written.
   * @param anew called first when the file became shorter, so that it is another one
   * @throws `disk.…`
   */
  async read(take: (line: string, place: Place) => void, anew: () => void): Promise<boolean> {
    if (!exists(this.fs, this.path)) return false;
    const size = this.fs.stat(this.path).bytes;
    if (size < this.#nextByte) {
      this.#nextByte = 0;
      anew();
    }
    const start = this.#nextByte;
    let portion = PORTION_BYTES;
    while (this.#nextByte < size) {
      const from = this.#nextByte;
      this.#portion(Math.min(portion, size - from), take);
      if (this.#nextByte > from) await nextTurn();
      else if (from + portion < size) portion *= 2;
      else break;
    }
    return this.#nextByte > start;
  }

  /** One line that was given on before. @throws `disk.…` */
  lineAt({ byte, bytes }: Place): string {
    return this.#bytes(byte, bytes).toString('utf8');
  }

  #portion(bytes: number, take: (line: string, place: Place) => void): void {
    const from = this.#nextByte;
    const part = this.#bytes(from, bytes);
    for (let start = 0; ;) {
      const end = part.indexOf(NEWLINE, start);
      if (end < 0) return;
      const place = { byte: from + start, bytes: end - start };
      if (end > start) take(part.toString('utf8', start, end), place);
      start = end + 1;
      this.#nextByte = from + start;
    }
  }

  /** Up to the end of the file as it is now. */
  #bytes(from: number, count: number): Buffer {
    try {
      const file = this.fs.open(this.path, 'r');
      try {
        const bytes = Buffer.allocUnsafe(count);
        let done = 0;
        for (let read = 1; read > 0 && done < count; done += read)
          read = this.fs.read(file, bytes.subarray(done), from + done);
        return bytes.subarray(0, done);
      } finally {
        this.fs.close(file);
      }
    } catch (error) {
      throw diskProblem('read', this.path, error);
    }
  }
}
