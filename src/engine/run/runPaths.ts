/** Where everything lies in a run folder: the public format. Touches no files. */
import { join } from 'node:path';

export interface RunPaths {
  /** As the user wrote it. */
  readonly config: string;
  /** Every default filled in, versions, where the config came from. */
  readonly resolved: string;
  readonly events: string;
  readonly lease: string;
  /** Requests to the run process, as files. */
  readonly control: string;
  readonly checkpoints: string;
  /** What the run process printed; empty in a run without accident. */
  readonly log: string;
}

export const runPaths = (runDir: string): RunPaths => ({
  config: join(runDir, 'config.yaml'),
  resolved: join(runDir, 'resolved.json'),
  events: join(runDir, 'events.jsonl'),
  lease: join(runDir, 'lease.json'),
  control: join(runDir, 'control'),
  checkpoints: join(runDir, 'checkpoints'),
  log: join(runDir, 'run.log'),
});
