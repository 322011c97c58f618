/**
 * One run folder, read as it grows: events are folded from the byte where the last look ended, in
 * portions that never hold up the host for long. Knows nothing of other runs, watching or VS Code.
 */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FileSystem, disk } from '../../engine/files/fileSystem';
import { type LeaseState, readLease } from '../../engine/run/lease';
import { readRunLog } from '../../engine/run/runLog';
import { type RunStatus, readResolved, statusOf } from '../../engine/run/runFolder';
import { runPaths } from '../../engine/run/runPaths';
import { type RunState, emptyRunState, foldRunEvent } from '../../protocol/runState';
import type { RunView } from './runStore';

/** A process that lives but is silent for longer is worth telling; its heart beats every 5 s. */
export const SILENCE_SHOWN_SECONDS = 15;

/** A process that was just started has not taken its run yet. */
const STARTING_MS = 30_000;

/** Bytes folded in one turn of the event loop: some 10 ms of work. */
const PORTION_BYTES = 256 * 1024;

export class RunReader implements RunView {
  state: RunState = emptyRunState();
  lease: LeaseState = 'none';
  status: RunStatus = 'preparing';
  silentSeconds = 0;
  damage?: string;
  private readonly firstSeen = Date.now();
  private nextByte = 0;
  private origin: { path: string | undefined } | undefined;
  private reading: Promise<boolean> | undefined;

  constructor(
    readonly id: string,
    readonly dir: string,
  ) {}

  get name(): string {
    return this.state.name || basename(this.dir).replace(/^\d{8}-\d{6}-/, '');
  }

  get configPath(): string | undefined {
    this.origin ??= { path: readOrigin(this.dir) };
    return this.origin.path;
  }

  get live(): boolean {
    return this.lease === 'live';
  }

  get canResume(): boolean {
    const { step, maxSteps, checkpoints } = this.state;
    const hasEnded = !this.live && !isOpen({ status: this.status });
    return hasEnded && step < maxSteps && checkpoints.some(({ deleted }) => !deleted);
  }

  /** Reads what is new; true when anything that a reader can see is different. */
  update(): Promise<boolean> {
    this.reading ??= this.read().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async read(): Promise<boolean> {
    const news = () => this.readLog().catch((error: unknown) => this.blame(error));
    let grew = await news();
    const had = { lease: this.lease, status: this.status };
    if (grew || isOpen(this.state) || had.lease === 'live') this.readLease();
    // Its last words may have come between the two looks.
    if (!this.live && isOpen(this.state)) grew = (await news()) || grew;
    this.status = this.judge();
    const isSilent = this.live && this.silentSeconds > SILENCE_SHOWN_SECONDS;
    return grew || had.lease !== this.lease || had.status !== this.status || isSilent;
  }

  /** A lease that cannot be read changes nothing: the next look may tell. */
  private readLease(): void {
    try {
      const { state, ageSeconds } = readLease(this.dir);
      this.lease = state;
      this.silentSeconds = state === 'none' ? 0 : ageSeconds;
    } catch {
      // it is being replaced, or not ours to read
    }
  }

  private judge(): RunStatus {
    if (this.live) return isOpen(this.state) ? this.state.status : 'preparing';
    const isStarting = this.state.startedAt === 0 && Date.now() - this.firstSeen < STARTING_MS;
    return statusOf(this.state, isStarting);
  }

  private async readLog(): Promise<boolean> {
    const size = sizeOf(runPaths(this.dir).events);
    if (size < this.nextByte) this.forget();
    let grew = false;
    let portion = PORTION_BYTES;
    while (this.nextByte < size) {
      const part = readRunLog(this.dir, this.nextByte, upTo(this.nextByte + portion));
      if (part.nextByte > this.nextByte) {
        for (const event of part.events) foldRunEvent(this.state, event);
        if (part.damage) this.damage ??= `events.jsonl is damaged at byte ${part.damage.byte}`;
        this.nextByte = part.nextByte;
        grew = true;
        await nextTurn();
      } else if (this.nextByte + portion < size) portion *= 2;
      else break; // a line that is still being written
    }
    return grew;
  }

  /** A log that cannot be read is news once. */
  private blame(error: unknown): boolean {
    const damage = error instanceof Error ? error.message : String(error);
    const isNews = this.damage !== damage;
    this.damage = damage;
    return isNews;
  }

  /** The log became shorter, so it is another one. */
  private forget(): void {
    this.state = emptyRunState();
    this.nextByte = 0;
    delete this.damage;
  }
}

const isOpen = ({ status }: { status: RunStatus }): boolean =>
  status === 'preparing' || status === 'training';

/** The disk, with files that seem to end at `byte`. */
const upTo = (byte: number): FileSystem => ({
  ...disk,
  size: file => Math.min(disk.size(file), byte),
});

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function readOrigin(dir: string): string | undefined {
  try {
    return readResolved(dir).configPath;
  } catch {
    return undefined; // made by another program, or damaged: the run can be viewed all the same
  }
}
