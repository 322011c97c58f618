/** The thread in which a `tokenizer.json` is opened and encodes: one tokenizer at a time. */
import { fail } from '../../problem';
import { serve } from '../../isolate/serve';
import { compile, type CompiledTokenizer, type EncodeRequest } from './compile';
import type { Decoding } from './decoding';
import { type Companions, ROLES, type Role, TokenizerSettings } from './settings';

export interface OpenRequest {
  readonly kind: 'open';
  /** Contents by file name; `tokenizer.json` among them. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export type TokenizerRequest = OpenRequest | ({ readonly kind: 'encode' } & EncodeRequest);

export interface OpenedTokenizer {
  readonly decoding: Decoding;
  /** Ids that `skipSpecialTokens` leaves out. */
  readonly special: readonly number[];
  /** All tokens that are written as they are. */
  readonly added: readonly number[];
  readonly roles: Readonly<Partial<Record<Role, number>>>;
  /** The same tokens as they are written. */
  readonly roleTexts: Readonly<Partial<Record<Role, string>>>;
  readonly endIds: readonly number[];
  readonly chatTemplates: ReadonlyMap<string, string>;
}

let opened: CompiledTokenizer | undefined;

serve(request => {
  const asked = request as TokenizerRequest;
  if (asked.kind === 'open') return open(asked.files);
  if (!opened) throw new Error('No tokenizer is open.');
  return opened.encode(asked);
});

function open(files: ReadonlyMap<string, Uint8Array>): OpenedTokenizer {
  opened = undefined;
  const json = parse(files, 'tokenizer.json');
  const settings = new TokenizerSettings(companionsOf(files));
  const compiled = compile(json, settings, 'tokenizer.json');
  const { added, decoding, idOf } = compiled;
  const roles: Partial<Record<Role, number>> = {};
  const roleTexts: Partial<Record<Role, string>> = {};
  for (const role of ROLES) {
    const text = settings.token(role);
    const id = idOf(text ?? '');
    if (text !== undefined) roleTexts[role] = text;
    if (id !== undefined) roles[role] = id;
  }
  const named = settings.additional.flatMap(token => idOf(token) ?? []);
  const special = added.filter(token => token.special).map(({ id }) => id);
  opened = compiled;
  return {
    decoding,
    special: [...new Set([...special, ...Object.values(roles), ...named])],
    added: added.map(({ id }) => id),
    roles,
    roleTexts,
    endIds: settings.endIds(idOf),
    chatTemplates: settings.chatTemplates,
  };
}

function companionsOf(files: ReadonlyMap<string, Uint8Array>): Companions {
  const template = files.get('chat_template.jinja');
  const names = [...files.keys()].filter(name => /\.json$/.test(name) && name !== 'tokenizer.json');
  return {
    ...Object.fromEntries(names.map(name => [name, parse(files, name)])),
    ...(template && { 'chat_template.jinja': decode(template, 'chat_template.jinja') }),
  };
}

function parse(files: ReadonlyMap<string, Uint8Array>, file: string): unknown {
  try {
    return JSON.parse(decode(files.get(file) ?? new Uint8Array(), file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail('tokenizer.bad-json', `${file} is not JSON: ${error.message.slice(0, 100)}.`, {
      file,
    });
  }
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return fail('tokenizer.bad-json', `${file} is not UTF-8.`, { file });
  }
}
