/** Removes a folder in which a process that is ending may still write for a moment. */
import { rm } from 'node:fs/promises';

export const removeFolder = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
