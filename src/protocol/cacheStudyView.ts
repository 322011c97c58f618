/**
 * What crosses between the host and the view of a cache study. The view asks, the host gives exactly
 * one reply to each request and posts what happens on its own. Plain data.
 */
import type { StudyReport } from './cacheStudy';
import type { ViewReply } from './viewReply';

export interface StudyEntry {
  /** Of the study's folder, as people name it in this window: unique. */
  readonly id: string;
  /** Name and time of the study. */
  readonly title: string;
}

/** What goes on with the study that is shown. */
export type StudyActivity =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly config: string }
  | { readonly kind: 'failed'; readonly message: string };

export interface StudySnapshot {
  /** The study that is shown; null while there is none. */
  readonly shown: (StudyEntry & { readonly report: StudyReport }) | null;
  /** All of this window, newest first. */
  readonly studies: readonly StudyEntry[];
  readonly activity: StudyActivity;
  /** Why the study that was asked for cannot be shown. */
  readonly problem: string | null;
  readonly isTrusted: boolean;
}

export const exportKinds = ['json', 'csv', 'html'] as const;
export type ExportKind = (typeof exportKinds)[number];

/** Every request of the view, with what it gets back. */
export interface StudyRequests {
  /** The view has come up, with the study that it showed before a reload. */
  ready: { params: { study: string | null }; result: StudySnapshot };
  /** Shows another study. */
  show: { params: { study: string }; result: StudySnapshot };
  /** The report of another study, to compare with. */
  other: { params: { study: string }; result: StudyReport };
  /** Float32 [layers, tokens]: relative L2 errors by token. */
  tokens: {
    params: { study: string; adapter: string; variant: string; side: 'k' | 'v' };
    result: ArrayBuffer;
  };
  runAgain: { params: null; result: null };
  openConfig: { params: null; result: null };
  manageTrust: { params: null; result: null };
  /** The name of the file; null when nothing was saved. */
  export: { params: { kind: ExportKind }; result: string | null };
  copy: { params: { text: string }; result: null };
}

export type StudyRequestName = keyof StudyRequests;

export type StudyRequestMessage = {
  [K in StudyRequestName]: { id: number; request: K; params: StudyRequests[K]['params'] };
}[StudyRequestName];

/** Something has changed. */
export interface StudyPost {
  type: 'snapshot';
  snapshot: StudySnapshot;
}

export type StudyHostMessage = ViewReply | StudyPost;
