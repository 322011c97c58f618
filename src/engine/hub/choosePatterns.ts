/** Which files of a model are wanted: by patterns, or those that a model is used with. Pure. */

export interface Choice {
  /** Patterns as of Python's fnmatch: `*` matches any characters, `/` too. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** Beside the weights. */
const COMPANIONS =
  /^(config|generation_config|adapter_config|preprocessor_config|special_tokens_map|added_tokens|vocab|weightroom|tokenizer\w*|chat_template\w*)\.json$|^(vocab|merges)\.txt$|^chat_template\.jinja$|^README\.md$|^LICENSE/;

/** The names that transformers and PEFT give to weights; others are variants of the same model. */
const WEIGHTS =
  /^(adapter_)?model(-\d{5}-of-\d{5})?\.safetensors$|^model\.safetensors\.index\.json$/;
const OTHER_WEIGHTS = /^[^/]+\.safetensors$/;
const TORCH_WEIGHTS =
  /^(pytorch|adapter)_model(-\d{5}-of-\d{5})?\.bin$|^pytorch_model\.bin\.index\.json$/;

/**
 * Without `include`: config, tokenizer and weights in safetensors; where there are none, those of
 * PyTorch.
 */
export function chooseFiles<T extends { readonly path: string }>(
  files: readonly T[],
  choice: Choice = {},
): T[] {
  const names = files.map(({ path }) => path);
  const weights = [WEIGHTS, OTHER_WEIGHTS, TORCH_WEIGHTS].find(pattern =>
    names.some(name => pattern.test(name) && !name.endsWith('.json')),
  );
  const isUsual = (name: string) => COMPANIONS.test(name) || (weights?.test(name) ?? false);
  const chosen = new Set(chooseNames(names, choice, isUsual));
  return files.filter(({ path }) => chosen.has(path));
}

/** @param isUsual what to take without `include` */
export function chooseNames(
  names: readonly string[],
  { include = [], exclude = [] }: Choice,
  isUsual: (name: string) => boolean,
): string[] {
  const isWanted = include.length > 0 ? matching(include) : isUsual;
  const isLeft = matching(exclude);
  return names.filter(name => isWanted(name) && !isLeft(name));
}

/** What belongs to a model that is given to others; not the optimizer, the state, the logs of a run. */
export const isOfModel = (name: string): boolean =>
  !/^optimizer\./.test(name) &&
  (COMPANIONS.test(name) ||
    OTHER_WEIGHTS.test(name) ||
    TORCH_WEIGHTS.test(name) ||
    /^[^/]+\.safetensors\.index\.json$/.test(name));

function matching(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map(toRegExp);
  return name => expressions.some(expression => expression.test(name));
}

/** A folder's name with `/` at its end means all in it. */
function toRegExp(pattern: string): RegExp {
  const whole = pattern.endsWith('/') ? `${pattern}*` : pattern;
  const source = whole
    .replace(/\*+/g, '*') // or many stars would try all ways to share the name
    .replace(/\[(!?)([^\]\\]+)\]|[^]/g, (part, not?: string, set?: string) => {
      if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[[^]/g, '\\$&')}]`;
      if (part === '*') return '[^]*';
      return part === '?' ? '[^]' : part.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
    });
  return new RegExp(`^${source}$`);
}
