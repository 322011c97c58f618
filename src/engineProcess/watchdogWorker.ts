/** Kills its process when the parent is gone, whatever the main thread is busy with. */
import { workerData } from 'node:worker_threads';
import { processStart } from '../engine/files/processIdentity';

const LOOK_MS = 1000;

const parent = workerData as number;
const began = processStart(parent);

/** An orphan gets another parent; where it does not, the old one is no more. */
const isOrphan = (): boolean => process.ppid !== parent || processStart(parent) !== began;

setInterval(() => {
  if (isOrphan()) process.kill(process.pid, 'SIGKILL');
}, LOOK_MS);
