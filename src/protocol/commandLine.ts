/**
 * The command that writes a text of the sandbox again. Pure: the view shows it, the host copies it.
 * Knows nothing of shells beyond how they quote.
 */
import { isRuntimeDevice } from './devices';
import { activeAdapters } from './pickedModel';
import type {
  ColumnRun,
  Exchange,
  Outcome,
  PickedAdapter,
  PickedModel,
  Sampling,
} from './sandboxView';

export type Shell = 'posix' | 'powershell';

/** Where a command is to be pasted. */
export interface Terminal {
  readonly shell: Shell;
  /** The interpreter that was chosen for devices that are asked through it. */
  readonly python: string | null;
}

export interface Repeatable {
  readonly model: PickedModel;
  readonly run: ColumnRun;
  readonly sampling: Sampling;
  readonly prompt:
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'ids'; readonly ids: readonly number[] };
}

/**
 * A plain text is given as text. What was rendered, branched off or cannot be quoted is given as the
 * ids that the model read: the same tokens come again.
 */
export function repeatableOf(exchange: Exchange, outcome: Outcome, shell: Shell): Repeatable {
  const { model, run, sampling, promptIds, continued, tokens } = outcome;
  const isPlain = exchange.mode === 'completion' && continued === 0;
  const ids = [...promptIds, ...tokens.slice(0, continued).map(token => token.id)];
  const prompt =
    isPlain && isQuotable(exchange.user, shell)
      ? ({ kind: 'text', text: exchange.user } as const)
      : ({ kind: 'ids', ids } as const);
  return { model, run, sampling, prompt };
}

/** One line for each group of options. */
export function commandLines(what: Repeatable, { shell, python }: Terminal): string[] {
  const quoted = (text: string) => quote(text, shell);
  const { model, run, sampling } = what;
  const lines = [
    `weightroom generate ${quoted(model.path)}`,
    ...activeAdapters(model).map(adapter => `--adapter ${quoted(adapterOption(adapter))}`),
    run.backend === 'kv' ? '' : `--backend ${run.backend}`,
    run.bits === null ? '' : `--quantize int${run.bits}`,
    run.device === 'cpu' ? '' : `--device ${run.device}`,
    asksPython(run) && python !== null ? `--python ${quoted(python)}` : '',
    promptOption(what.prompt, shell),
    ...samplingOptions(sampling),
    ...sampling.stop.map(text => option('--stop', text, shell)),
  ];
  return lines.filter(line => line !== '');
}

/** As it is pasted. */
export const commandLine = (what: Repeatable, terminal: Terminal): string =>
  commandLines(what, terminal).join(' ');

/** Tenstorrent's layout is executed here. */
const asksPython = ({ device }: ColumnRun): boolean =>
  !isRuntimeDevice(device) && device !== 'tenstorrent';

/** What stands behind a colon in the name of a folder would be read as a weight. */
const adapterOption = ({ path, weight }: PickedAdapter): string =>
  weight === 1 && !/:[^:/\\]*$/.test(path) ? path : `${path}:${weight}`;

function samplingOptions(sampling: Sampling): string[] {
  const { temperature, topK, topP, minP, repetitionPenalty, seed, maxTokens, greedy } = sampling;
  const penalty = repetitionPenalty === 1 ? '' : `--repetition-penalty ${repetitionPenalty}`;
  const length = `--max-new-tokens ${maxTokens}`;
  if (greedy) return ['--greedy', penalty, length];
  return [
    `--temperature ${temperature}` + (topK === 0 ? '' : ` --top-k ${topK}`),
    [topP === 1 ? '' : `--top-p ${topP}`, minP === 0 ? '' : `--min-p ${minP}`]
      .filter(option => option !== '')
      .join(' '),
    penalty,
    `--seed ${seed} ${length}`,
  ];
}

const promptOption = (prompt: Repeatable['prompt'], shell: Shell): string =>
  prompt.kind === 'ids'
    ? `--prompt-ids ${prompt.ids.join(',')}`
    : option('--prompt', prompt.text, shell);

/** What begins with a dash would be read as an option of its own. */
const option = (name: string, text: string, shell: Shell): string =>
  `${name}${text.startsWith('-') ? '=' : ' '}${quote(text, shell)}`;

/** Texts that every shell hands over as they are; what is none has to be given as ids. */
const isQuotable = (text: string, shell: Shell): boolean =>
  !text.includes('\0') && text !== '' && (shell === 'posix' || !/["\\\n\r]/.test(text));

function quote(text: string, shell: Shell): string {
  if (/^[\w./:=@%+,-]+$/.test(text)) return text;
  const inner = shell === 'posix' ? text.replaceAll("'", `'\\''`) : text.replaceAll("'", "''");
  return `'${inner}'`;
}
