/**
 * What stands beside `tokenizer.json` and changes what it does, as transformers reads it:
 * `tokenizer_config.json`, `special_tokens_map.json`, `generation_config.json`, chat templates.
 */
import { type AddedToken, readAddedToken } from './addedTokens';
import type { Frame } from './frame';
import { JsonFields } from './jsonFields';
import { isId } from './vocabulary';

/** Parsed JSON by file name; absent where there is no file. */
export interface Companions {
  readonly 'tokenizer_config.json'?: unknown;
  readonly 'special_tokens_map.json'?: unknown;
  readonly 'generation_config.json'?: unknown;
  readonly 'config.json'?: unknown;
  /** Not JSON: the template itself, in newer folders. */
  readonly 'chat_template.jinja'?: string;
}

export const ROLES = ['bos', 'eos', 'unk', 'pad', 'sep', 'cls', 'mask'] as const;
export type Role = (typeof ROLES)[number];
type IdOf = (token: string) => number | undefined;

export class TokenizerSettings {
  private readonly config: JsonFields;
  private readonly map: JsonFields;
  private readonly generation: JsonFields;
  private readonly model: JsonFields;

  constructor(private readonly companions: Companions) {
    const read = (file: Exclude<keyof Companions, 'chat_template.jinja'>) =>
      JsonFields.of(companions[file] ?? {}, '', file);
    this.config = read('tokenizer_config.json');
    this.map = read('special_tokens_map.json');
    this.generation = read('generation_config.json');
    this.model = read('config.json');
  }

  /** Tokens that only `tokenizer_config.json` lists. */
  get added(): AddedToken[] {
    const listed = this.config.optional('added_tokens_decoder');
    return (listed?.entries() ?? []).map(([id, token]) =>
      readAddedToken(
        JsonFields.of(token, `added_tokens_decoder.${id.slice(0, 20)}`, 'tokenizer_config.json'),
        Number(id),
      ),
    );
  }

  /** The token of a role, in words. */
  token(role: Role): string | undefined {
    return tokenText(this.config, `${role}_token`) ?? tokenText(this.map, `${role}_token`);
  }

  /** Tokens of no role that are special all the same. */
  get additional(): string[] {
    return [this.config, this.map].flatMap(fields =>
      fields.list('additional_special_tokens').flatMap(each => contentOf(each) ?? []),
    );
  }

  /** Ids that end a generation: those of the generation config, else the model's, and `eos`. */
  endIds(idOf: IdOf): number[] {
    const listed = [this.generation, this.model].map(fields => fields.raw('eos_token_id'));
    const ids = [listed.find(value => value !== undefined)].flat().filter(isId);
    const eos = idOf(this.token('eos') ?? '');
    return [...new Set([...ids, ...(eos === undefined ? [] : [eos])])];
  }

  /** For classes whose transformers code puts its own frame around a text, whatever the file says. */
  frame(idOf: IdOf): Frame | undefined {
    if (!/^(Llama|CodeLlama|Gemma)Tokenizer(Fast)?$/.test(this.className)) return undefined;
    const idsOf = (name: string, role: Role, otherwise: boolean) => {
      const id = this.config.boolean(name, otherwise) ? idOf(this.token(role) ?? '') : undefined;
      return id === undefined ? [] : [id];
    };
    return {
      before: idsOf('add_bos_token', 'bos', true),
      after: idsOf('add_eos_token', 'eos', false),
    };
  }

  /** GPT-2's class decides on the space before a text, and not the file. */
  get prefixesSpace(): boolean | undefined {
    if (!/^(GPT2|Roberta|Bart)Tokenizer(Fast)?$/.test(this.className)) return undefined;
    return this.config.boolean('add_prefix_space', false);
  }

  /** Templates by name; the unnamed one is `default`. */
  get chatTemplates(): Map<string, string> {
    const templates = new Map<string, string>();
    const listed = this.config.raw('chat_template');
    if (typeof listed === 'string') templates.set('default', listed);
    else
      for (const each of this.config.objects('chat_template'))
        templates.set(each.string('name'), each.string('template'));
    const file = this.companions['chat_template.jinja'];
    if (file !== undefined) templates.set('default', file);
    return templates;
  }

  private get className(): string {
    return this.config.optionalString('tokenizer_class') ?? '';
  }
}

/** Tokens are written as text, or as an object with `content`. */
const tokenText = (fields: JsonFields, name: string): string | undefined =>
  contentOf(fields.raw(name));

function contentOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const content =
    typeof value === 'object' && value !== null && 'content' in value && value.content;
  return typeof content === 'string' ? content : undefined;
}
