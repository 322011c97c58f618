/**
 * The runs a window knows, for every feature that shows or steers them. Only the interface: how they
 * are found and followed is in `followRuns`.
 */
import type { Event } from 'vscode';
import type { LeaseState } from '../../engine/run/lease';
import type { RunStatus } from '../../engine/run/runFolder';
import type { RunState } from '../../protocol/runState';

export interface RunView {
  /** Name of the run folder; `<name>~2` when another followed folder has a run of that name. */
  readonly id: string;
  /** Absolute path of the run folder. */
  readonly dir: string;
  /** Of its config. */
  readonly name: string;
  /** Absolute path of the file its config came from; undefined when the folder does not say. */
  readonly configPath: string | undefined;
  /** Fold of the events read so far, updated in place. */
  readonly state: RunState;
  readonly lease: LeaseState;
  /** What its log says, corrected by whether its process lives: a killed run could not say so. */
  readonly status: RunStatus;
  /** It ended before its last step and has a checkpoint to go on from. */
  readonly canResume: boolean;
  /** A process holds the run. */
  readonly live: boolean;
  /** Seconds since that process gave a sign of life; 0 when there is none. */
  readonly silentSeconds: number;
  /** Why the log cannot be read to its end. */
  readonly damage?: string;
}

export interface RunStore {
  /** Newest first. */
  readonly runs: readonly RunView[];
  /** At most ten times a second, however fast events come. */
  readonly onDidChange: Event<void>;
  get(id: string): RunView | undefined;
  /** @throws when no run has that id */
  dirOf(id: string): string;
  /** Looks at the disk now; settles when everything there has been read. */
  refresh(): Promise<void>;
}
