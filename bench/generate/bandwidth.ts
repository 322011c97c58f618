/**
 * How fast memory can be read by some threads at once: a process of its own, each thread adding up
 * an array far larger than any cache, in compiled vector code. Answers each message with bytes per
 * second.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const PAGES = 8192; // 512 MiB, of 64 KiB
const PASSES = 3;

interface Turn {
  began: number;
  ended: number;
}

if (isMainThread) {
  const threads = Number(process.argv[2]);
  const gate = new Int32Array(new SharedArrayBuffer(8)); // [turn, threads that are ready]
  const workers = Array.from(
    { length: threads },
    () => new Worker(process.argv[1]!, { workerData: gate }),
  );
  process.on('message', () => {
    const turns = workers.map(
      worker => new Promise<Turn>(resolve => worker.once('message', resolve)),
    );
    for (const worker of workers) worker.postMessage(threads);
    void Promise.all(turns).then(all => {
      const began = Math.min(...all.map(t => t.began));
      const ended = Math.max(...all.map(t => t.ended));
      const bytes = threads * PASSES * PAGES * 65536;
      process.send!({ bytesPerSecond: bytes / ((ended - began) / 1000) });
    });
  });
  process.on('disconnect', () => process.exit());
} else {
  const gate = workerData as Int32Array;
  const { add, memory } = instantiate();
  new Uint32Array(memory.buffer).fill(1);
  parentPort!.on('message', (threads: number) => {
    const turn = Atomics.load(gate, 0);
    if (Atomics.add(gate, 1, 1) === threads - 1) {
      Atomics.store(gate, 1, 0);
      Atomics.add(gate, 0, 1);
      Atomics.notify(gate, 0);
    } else Atomics.wait(gate, 0, turn);
    const began = performance.timeOrigin + performance.now();
    for (let pass = 0; pass < PASSES; pass++)
      if (add(PAGES * 65536) === 0) throw new Error('nothing was read');
    parentPort!.postMessage({ began, ended: performance.timeOrigin + performance.now() });
  });
}

/** What Node has of WebAssembly and its types lack. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** One function: adds up the first `bytes` of memory, sixteen at a time in eight sums. */
function instantiate() {
  const SUMS = 8;
  const get = (local: number) => [0x20, local];
  const sum = (k: number) => 2 + k; // locals: bytes, at, sums
  const steps = Array.from({ length: SUMS }, (_, k) => [
    ...[...get(sum(k)), ...get(1), 0xfd, 0x00, 4, ...unsigned(16 * k)], // v128.load
    ...[0xfd, 0xae, 0x01, 0x21, sum(k)], // i32x4.add
  ]).flat();
  const total = Array.from({ length: SUMS }, (_, k) => [
    ...get(sum(k)),
    ...(k === 0 ? [] : [0xfd, 0xae, 0x01]),
  ]).flat();
  const body = [
    ...[0x03, 0x40, ...steps], // loop
    ...[...get(1), 0x41, ...signed(16 * SUMS), 0x6a, 0x22, 1, ...get(0), 0x49, 0x0d, 0, 0x0b],
    ...[...total, 0xfd, 0x1b, 0, 0x0b], // i32x4.extract_lane 0
  ];
  const code = [2, 1, 0x7f, SUMS, 0x7b, ...body];
  const text = (s: string) => [s.length, ...Buffer.from(s)];
  const section = (id: number, bytes: number[]) => [id, ...unsigned(bytes.length), ...bytes];
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7f]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, ...unsigned(PAGES)]),
    ...section(7, [2, ...text('memory'), 2, 0, ...text('add'), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return exports as { memory: { buffer: ArrayBuffer }; add: (bytes: number) => number };
}

/** LEB128. */
function unsigned(n: number): number[] {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...unsigned(n >>> 7)];
}

function signed(n: number): number[] {
  return n < 0x40 ? [n] : [(n & 0x7f) | 0x80, ...signed(n >> 7)];
}
