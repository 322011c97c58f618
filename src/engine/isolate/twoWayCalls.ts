/**
 * Typed calls in both directions over any channel: each side offers a closed table of functions.
 * Problems cross as problems. Knows nothing of what is called.
 */
import { createBirpc } from 'birpc';
import { type Problem, ProblemError } from '../problem';

/** Anything that carries plain data both ways. */
export interface Channel {
  send(message: unknown): void;
  listen(receive: (message: unknown) => void): void;
}

/** A table of functions; what they take and give survives a structured clone. */
export type Table<T> = { [Name in keyof T]: (...args: never[]) => Promise<unknown> };

export interface TwoWayCalls<Theirs> {
  readonly theirs: Theirs;
  /** Rejects what is still unanswered. Afterwards nothing can be called. */
  close(why: Error): void;
}

type Failure = { problem: Problem } | { message: string };
type Wire = { e?: unknown } & Record<string, unknown>;

export function connectCalls<Theirs extends Table<Theirs>, Own extends Table<Own>>(
  own: Own,
  channel: Channel,
): TwoWayCalls<Theirs> {
  const calls = createBirpc<Theirs, Own>(own, {
    post: (message: unknown) => channel.send(message),
    on: receive => channel.listen(message => receive(message)),
    serialize: (message: Wire) =>
      message.e === undefined ? message : { ...message, e: failureOf(message.e) },
    deserialize: (message: Wire) =>
      message.e === undefined ? message : { ...message, e: errorOf(message.e as Failure) },
    bind: 'functions',
    // Whatever an object has beside the table's own functions is not offered.
    resolver: (name, found) => (Object.hasOwn(own, name) ? found : undefined),
    // How long an answer may take, only its caller knows.
    timeout: -1,
    // An answer that cannot be sent has nobody who waits for it: the channel is gone. A question
    // that fails comes here without its name, and is to be told to whoever asked.
    onGeneralError: (_, name) => name !== undefined,
  });
  return { theirs: calls as unknown as Theirs, close: why => calls.$close(why) };
}

const failureOf = (error: unknown): Failure =>
  error instanceof ProblemError
    ? { problem: error.problem }
    : { message: error instanceof Error ? error.message : String(error) };

const errorOf = (failure: Failure): Error =>
  'problem' in failure ? new ProblemError(failure.problem) : new Error(failure.message);
