/**
 * The life of a step's buffers in banked memory: two micro-steps, so that the second one meets what
 * the first one left, in the order in which a trainer asks. Finds the first buffer that does not fit.
 */
import type { BuffersByPhase, PlannedBuffer } from './bankBuffers';
import { BankSpace } from './bankMemory';

export const PHASES = ['model', 'optimizer', 'forward', 'backward', 'step'] as const;
export type Phase = (typeof PHASES)[number];

export interface FailedBuffer {
  readonly buffer: PlannedBuffer;
  readonly phase: Phase;
  readonly freeBytes: number;
  readonly largestFreeBlockBytes: number;
  readonly cause: 'size' | 'fragmentation';
}

export interface BankRun {
  /** Bytes per bank at the fullest moment of each phase, as if banks had no end. */
  readonly peaks: Readonly<Record<Phase, number>>;
  readonly failure: FailedBuffer | undefined;
  /** At the end of the backward pass; when a buffer failed, then. */
  readonly largestFreeBlockBytes: number;
  readonly freeBytes: number;
}

/** Micro-steps after which nothing changes any more. */
const MICRO_STEPS = 2;

export function runInBanks(buffers: BuffersByPhase, bankBytes: number): BankRun {
  const life = new Life(bankBytes);
  life.enter('model');
  for (const buffer of [...buffers.model, ...buffers.sampling]) life.take(buffer);
  life.enter('optimizer');
  for (const buffer of buffers.optimizer) life.take(buffer);
  for (let i = 0; i < MICRO_STEPS; i++) {
    life.enter('forward');
    for (const buffer of buffers.forward) life.take(buffer);
    life.enter('backward');
    for (const group of backwards(buffers)) {
      if (i === 0) for (const gradient of group.gradients) life.take(gradient);
      for (const activation of group.released) life.give(activation);
    }
    life.enter('step');
  }
  return life.result();
}

interface Group {
  gradients: PlannedBuffer[];
  released: PlannedBuffer[];
}

/** From the head back to the embedding: a block's gradients are made, then its activations go. */
function backwards({ forward, gradients }: BuffersByPhase): Group[] {
  const blocks = new Map<number, Group>();
  const rest: Group = { gradients: [], released: [] };
  const groupOf = (block: number | undefined): Group => {
    if (block === undefined) return rest;
    const known = blocks.get(block) ?? { gradients: [], released: [] };
    blocks.set(block, known);
    return known;
  };
  for (const gradient of gradients) groupOf(blockOf(gradient.name)).gradients.push(gradient);
  for (const activation of forward)
    groupOf(activation.block ?? blockOf(activation.name)).released.push(activation);
  const head: Group = { gradients: rest.gradients.filter(isHead), released: rest.released };
  const others: Group = { gradients: rest.gradients.filter(g => !isHead(g)), released: [] };
  const inOrder = [...blocks].sort(([a], [b]) => b - a).map(([, group]) => group);
  return [head, ...inOrder, others];
}

const isHead = ({ name }: PlannedBuffer): boolean => /\/fc\/weight|lm_head/.test(name);

const BLOCK = /(?:_block_|blocks\/|layers\.|\bh\.|blocks\.|^block )(\d+)/;

function blockOf(name: string): number | undefined {
  const block = BLOCK.exec(name)?.[1];
  return block === undefined ? undefined : Number(block);
}

class Life {
  readonly #bank: BankSpace;
  readonly #at = new Map<PlannedBuffer, number>();
  readonly #peaks: Record<Phase, number> = {
    model: 0,
    optimizer: 0,
    forward: 0,
    backward: 0,
    step: 0,
  };
  #phase: Phase = 'model';
  #held = 0;
  #failure: FailedBuffer | undefined;
  #fullest: { freeBytes: number; largestFreeBlockBytes: number } | undefined;

  constructor(bankBytes: number) {
    this.#bank = new BankSpace(bankBytes);
  }

  enter(phase: Phase): void {
    this.#phase = phase;
    this.#note();
  }

  take(buffer: PlannedBuffer): void {
    this.#held += buffer.perBankBytes;
    if (!this.#failure) {
      const at = this.#bank.allocate(buffer.perBankBytes);
      if (at === undefined) this.#fail(buffer);
      else this.#at.set(buffer, at);
    }
    this.#note();
  }

  give(buffer: PlannedBuffer): void {
    this.#held -= buffer.perBankBytes;
    const at = this.#at.get(buffer);
    this.#at.delete(buffer);
    if (at !== undefined && !this.#failure) this.#bank.release(at, buffer.perBankBytes);
  }

  result(): BankRun {
    const { freeBytes = 0, largestFreeBlockBytes = 0 } = this.#failure ?? this.#fullest ?? {};
    return { peaks: this.#peaks, failure: this.#failure, freeBytes, largestFreeBlockBytes };
  }

  #space() {
    return { freeBytes: this.#bank.freeBytes, largestFreeBlockBytes: this.#bank.largestFree };
  }

  #fail(buffer: PlannedBuffer): void {
    const space = this.#space();
    const cause = space.freeBytes >= buffer.perBankBytes ? 'fragmentation' : 'size';
    this.#failure = { buffer, phase: this.#phase, ...space, cause };
  }

  #note(): void {
    const most = Math.max(...Object.values(this.#peaks));
    this.#peaks[this.#phase] = Math.max(this.#peaks[this.#phase], this.#held);
    if (this.#held > most && !this.#failure) this.#fullest = this.#space();
  }
}
