import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { request, takeRequests } from '../../../src/engine/run/control';
import { openRequestInbox } from '../../../src/engine/run/requestInbox';
import { scratchFolder } from '../../durability/scratchFolder';

const scratch = scratchFolder();
let count = 0;
const newFolder = () => {
  const folder = join(scratch, String(count++));
  mkdirSync(folder);
  return folder;
};

it('gives each request once, however often it was asked', () => {
  const folder = newFolder();
  expect(takeRequests(folder)).toEqual([]);
  request(folder, 'checkpoint');
  request(folder, 'stop');
  request(folder, 'stop');
  writeFileSync(join(folder, 'control', 'dance'), '');
  expect(takeRequests(folder)).toEqual(['stop', 'checkpoint']);
  expect(takeRequests(folder)).toEqual([]);
});

it('ends preparation at once when asked to stop, and still hears the request', () => {
  const folder = newFolder();
  const inbox = openRequestInbox(folder, disk);
  inbox.abortIfStopped();
  expect(inbox.signal.aborted).toBe(false);
  request(folder, 'stop');
  inbox.abortIfStopped();
  expect(inbox.signal.aborted).toBe(true);
  expect(inbox.take()).toEqual(['stop']);
  inbox.close();
});

it('takes a first SIGTERM for a request and a second for an order', () => {
  const before = process.listenerCount('SIGTERM');
  const inbox = openRequestInbox(newFolder(), disk);
  process.emit('SIGTERM');
  expect([inbox.take(), inbox.signal.aborted]).toEqual([['stop'], false]);
  process.emit('SIGTERM');
  expect(inbox.signal.aborted).toBe(true);
  inbox.close();
  expect(process.listenerCount('SIGTERM')).toBe(before);
});
