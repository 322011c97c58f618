/**
 * The interpreter of @huggingface/jinja, made to do what Jinja does where it does something else:
 * values print as in Python, what a loop's turn printed stays when it is left early, and what is set
 * in one turn is gone in the next. Remembers on which line it failed.
 */
import { Environment, Interpreter } from '@huggingface/jinja';
import { pythonText, type Value } from './pythonText';
import type { Statement, TaggedStatements } from './templateLines';

/** A `for` that is running. */
interface Loop {
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[];
  /** Whether there was a turn. */
  turned: boolean;
  /** What turns that were left early have printed since the last that was not. */
  printed: string;
}

/** What leaving a loop takes along on its way out. */
interface Leaving {
  printed?: string;
}

export class JinjaInterpreter extends Interpreter {
  /** By what was thrown: leaving a loop is thrown, too. */
  readonly lineOf = new Map<unknown, number>();
  private readonly loops: Loop[] = [];

  constructor(
    environment: Environment,
    private readonly tagged: TaggedStatements,
  ) {
    super(environment);
    // Private to the library, and called by its name.
    Object.defineProperty(this, 'evaluateBlock', { value: this.block.bind(this) });
  }

  override evaluate(statement: Statement | undefined, environment: Environment): Value {
    if (!statement) return super.evaluate(statement, environment);
    try {
      const value = isLoop(statement)
        ? this.loop(statement, environment)
        : super.evaluate(statement, environment);
      return this.tagged.printed.has(statement) && value.type !== 'StringValue'
        ? textValue(pythonText(value))
        : value;
    } catch (error) {
      const line = this.tagged.lineOf.get(statement);
      if (line !== undefined && !this.lineOf.has(error)) this.lineOf.set(error, line);
      throw error;
    }
  }

  private loop(statement: LoopStatement, environment: Environment): Value {
    const { body, defaultBlock } = statement;
    const loop: Loop = { body, otherwise: defaultBlock, turned: false, printed: '' };
    this.loops.push(loop);
    try {
      const text = super.evaluate(statement, environment).value as string;
      return textValue(text + loop.printed);
    } finally {
      this.loops.pop();
    }
  }

  private block(statements: readonly Statement[], environment: Environment): Value {
    const loop = this.loops.at(-1);
    if (loop?.body === statements) return this.turn(loop, environment);
    if (loop?.otherwise === statements && loop.turned) return textValue('');
    return textValue(this.print(statements, environment));
  }

  private turn(loop: Loop, environment: Environment): Value {
    loop.turned = true;
    try {
      const text = this.print(loop.body, new Environment(environment));
      return textValue(taken(loop) + text);
    } catch (error) {
      if (isLeaving(error)) {
        loop.printed += error.printed ?? '';
        delete error.printed;
      }
      throw error;
    }
  }

  private print(statements: readonly Statement[], environment: Environment): string {
    let text = '';
    try {
      for (const statement of statements) {
        const value = this.evaluate(statement, environment);
        if (value.type === 'StringValue') text += value.value as string;
      }
      return text;
    } catch (error) {
      if (isLeaving(error)) error.printed = text + (error.printed ?? '');
      throw error;
    }
  }
}

type LoopStatement = Statement & {
  readonly body: readonly Statement[];
  readonly defaultBlock: readonly Statement[];
};

const isLoop = (statement: Statement): statement is LoopStatement => statement.type === 'For';

function taken(loop: Loop): string {
  const { printed } = loop;
  loop.printed = '';
  return printed;
}

/** `break` and `continue`; the library does not export what it throws for them. */
const isLeaving = (error: unknown): error is Leaving =>
  error instanceof Error && /^(Break|Continue)Control$/.test(error.constructor.name);

const textValue = (text: string): Value => new Environment().set('text', text);
