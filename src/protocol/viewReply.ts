/** How every view's questions are answered: with a result, or with what went wrong. */

export interface ViewProblem {
  readonly code: string;
  /** For people: what, where, what to do. */
  readonly message: string;
}

export type ViewReply = { readonly type: 'reply'; readonly id: number } & (
  { readonly value: unknown } | { readonly error: ViewProblem }
);
