/**
 * What one engine's process does for the benchmarks: it opens a model, reads a prompt, goes on token
 * by token when asked. Each runs in a process of its own and answers over Node's channel.
 */
import type { ModelPaths } from './weights';
import type { Width } from './shapes';

export interface EngineSettings {
  paths: ModelPaths;
  width: Width;
  threads: number;
  /** Most tokens of a sequence. */
  context: number;
}

/** A model that goes on greedily. */
export interface Engine {
  /** Reads a prompt, after forgetting everything else. @returns the first token that follows */
  start(prompt: readonly number[]): Promise<number>;
  /** @returns the next tokens */
  decode(count: number): Promise<number[]>;
}

export type Request =
  | { do: 'open'; settings: EngineSettings }
  | { do: 'start'; prompt: number[] }
  | { do: 'decode'; count: number };

export interface Reply {
  tokens: number[];
  seconds: number;
  /** Of all threads, spinning included. */
  cpuSeconds: number;
  memory: Memory;
}

/** Bytes, of the whole process. */
export interface Memory {
  resident: number;
  /** Resident, with shared pages divided among those who share them. */
  proportional: number;
  /** Resident and not backed by a file: what would have to be swapped. */
  anonymous: number;
  /** The most that was ever resident. */
  peakResident: number;
}
