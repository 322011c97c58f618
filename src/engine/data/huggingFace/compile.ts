/**
 * A `tokenizer.json` and its companions as functions: text to ids and offsets. Pure, but the file
 * decides how long it takes: that is why it runs in a thread that can be killed.
 */
import { fail } from '../../problem';
import {
  type AddedToken,
  finderOf,
  type FindTokens,
  type Found,
  readAddedToken,
} from './addedTokens';
import { readDecoding, type Decoding } from './decoding';
import { type Frame, readFrame } from './frame';
import { JsonFields } from './jsonFields';
import { type Normalizer, readNormalizers } from './normalizers';
import { beforeRunsOf, type Cutter, readPreTokenizer } from './preTokenizers';
import { readModel, type TokenModel, type Tokens } from './tokenModel';
import { slice, spanOf, tracked, type TrackedText, untracked } from './trackedText';
import type { TokenizerSettings } from './settings';

export interface Encoding {
  readonly ids: Int32Array;
  /** `[start, end)` of each token in the text, in UTF-16 code units; those put around it are empty. */
  readonly offsets?: Int32Array;
}

export interface EncodeRequest {
  readonly text: string;
  /** Reads special tokens in the text as such. */
  readonly readsSpecial: boolean;
  /** Puts before and after it what the post-processor says. */
  readonly addsSpecial: boolean;
  readonly wantsOffsets: boolean;
}

export interface CompiledTokenizer {
  readonly added: readonly AddedToken[];
  readonly decoding: Decoding;
  readonly frame: Frame;
  idOf(token: string): number | undefined;
  encode(request: EncodeRequest): Encoding;
}

/** Long texts grow by what normalizers put in; a file that makes them grow without end is refused. */
const MOST_GROWTH = 16;
const LONGEST_REMEMBERED = 64;
const REMEMBERED_PIECES = 1 << 17;
const MOST_ADDED = 1 << 16;
/** SentencePiece's space. */
const MARK = '▁';

/** @throws `tokenizer.…` naming file and key */
export function compile(
  json: unknown,
  settings: TokenizerSettings,
  file: string,
): CompiledTokenizer {
  const fields = JsonFields.of(json, '', file);
  const { cutters, isByteLevel } = readPreTokenizer(
    fields.optional('pre_tokenizer'),
    settings.prefixesSpace,
  );
  const model = readModel(
    fields.optional('model') ?? fields.refuse('model', 'is missing'),
    isByteLevel,
  );
  const added = readAdded(fields, settings, model);
  const idOf = idFinder(added, model);
  const pipeline: Pipeline = {
    normalizers: readNormalizers(fields.optional('normalizer')),
    cutters: [...cutters, ...boundaries(model)],
    model,
    idsOf: remembering(model),
    file,
  };
  const finders = {
    all: findersOf(added, pipeline),
    plain: findersOf(
      added.filter(t => !t.special),
      pipeline,
    ),
  };
  const frame = settings.frame(idOf) ?? readFrame(fields.optional('post_processor'), idOf);
  return {
    added,
    decoding: readDecoding(fields.optional('decoder'), model.vocabulary, added),
    frame,
    idOf,
    encode(request) {
      const find = request.readsSpecial ? finders.all : finders.plain;
      return encode(request, pipeline, { find, frame });
    },
  };
}

function readAdded(
  fields: JsonFields,
  settings: TokenizerSettings,
  model: TokenModel,
): AddedToken[] {
  const listed = fields.objects('added_tokens').map(each => readAddedToken(each));
  const contents = new Set(listed.map(({ content }) => content));
  const others = settings.added.filter(({ content }) => !contents.has(content));
  const added = [...listed, ...others];
  if (added.length > MOST_ADDED) fields.refuse('added_tokens', 'has too many tokens');
  const byId = new Map<number, string>();
  for (const { id, content } of added) {
    const other = byId.get(id) ?? model.vocabulary.tokens[id] ?? content;
    if (other !== content) fields.refuse('added_tokens', `gives the id ${id} to a second token`);
    byId.set(id, content);
  }
  return added;
}

function idFinder(added: readonly AddedToken[], { vocabulary }: TokenModel) {
  const ids = new Map(added.map(({ content, id }) => [content, id]));
  return (token: string) => ids.get(token) ?? vocabulary.idOf.get(token);
}

/**
 * Where no token crosses the beginning of a word, a text without a pre-tokenizer may be cut there:
 * words come again, whole texts do not.
 */
const boundaries = (model: TokenModel): Cutter[] =>
  model.canBeCutAt?.(MARK) ? [beforeRunsOf(MARK)] : [];

function remembering(model: TokenModel): (piece: string) => readonly number[] {
  const known = new Map<string, readonly number[]>();
  return piece => {
    const found = known.get(piece);
    if (found) return found;
    const { ids } = model.encode(piece);
    if (piece.length <= LONGEST_REMEMBERED) {
      if (known.size >= REMEMBERED_PIECES) known.clear();
      // a copy: a slice as a key would keep the whole text
      known.set(Buffer.from(piece, 'utf16le').toString('utf16le'), ids);
    }
    return ids;
  };
}

interface Pipeline {
  readonly normalizers: readonly Normalizer[];
  readonly cutters: readonly Cutter[];
  readonly model: TokenModel;
  idsOf(piece: string): readonly number[];
  readonly file: string;
}

/** Tokens are found in the text as it is, others after normalization. */
interface Finders {
  readonly before: FindTokens;
  readonly after: FindTokens;
}

function findersOf(added: readonly AddedToken[], pipeline: Pipeline): Finders {
  const isBefore = (token: AddedToken) => !token.normalized;
  return {
    before: finderOf(added.filter(isBefore)),
    after: finderOf(
      added.filter(token => !isBefore(token)),
      ({ content }) => normalize(untracked(content, true), pipeline).text,
    ),
  };
}

function normalize(source: TrackedText, { normalizers, file }: Pipeline): TrackedText {
  const most = source.text.length * MOST_GROWTH + 1024;
  return normalizers.reduce((text, step) => {
    const next = step(text);
    if (next.text.length > most)
      fail(
        'tokenizer.too-long',
        `${file} makes this text more than ${MOST_GROWTH} times as long.`,
        { file },
      );
    return next;
  }, source);
}

interface How {
  readonly find: Finders;
  readonly frame: Frame;
}

function encode(request: EncodeRequest, pipeline: Pipeline, { find, frame }: How): Encoding {
  const { text, wantsOffsets } = request;
  const sink = new Sink(wantsOffsets);
  if (request.addsSpecial) for (const id of frame.before) sink.add(id, 0, 0);
  for (const part of partsOf(text, find.before(text))) {
    if ('id' in part) sink.add(part.id, part.from, part.to);
    else encodeText(textOf(text, part, wantsOffsets), { ...pipeline, find: find.after, sink });
  }
  if (request.addsSpecial) for (const id of frame.after) sink.add(id, text.length, text.length);
  return sink.result();
}

function textOf(text: string, { from, to }: Part, isTracked: boolean): TrackedText {
  const part = text.slice(from, to);
  return isTracked ? tracked(part, from) : untracked(part, from === 0);
}

function encodeText(source: TrackedText, how: Pipeline & { find: FindTokens; sink: Sink }): void {
  const { sink, cutters, model, idsOf } = how;
  const normalized = normalize(source, how);
  for (const part of partsOf(normalized.text, how.find(normalized.text))) {
    const piece = slice(normalized, part.from, part.to);
    if ('id' in part) {
      sink.add(part.id, ...placeOf(piece, 0, piece.text.length));
      continue;
    }
    let pieces = [piece];
    for (const cutter of cutters) pieces = pieces.flatMap(cutter);
    for (const each of pieces) {
      if (each.spans) sink.addAll(model.encode(each.text), each);
      else sink.addIds(idsOf(each.text));
    }
  }
}

const placeOf = ({ spans }: TrackedText, from: number, to: number): [number, number] =>
  spans ? spanOf(spans, from, to) : [0, 0];

interface Part {
  readonly from: number;
  readonly to: number;
}

/** What was found and what is between, in order. */
function partsOf(text: string, found: readonly Found[]): (Part | Found)[] {
  const parts: (Part | Found)[] = [];
  let done = 0;
  for (const each of found) {
    if (each.from > done) parts.push({ from: done, to: each.from });
    parts.push(each);
    done = each.to;
  }
  if (done < text.length) parts.push({ from: done, to: text.length });
  return parts;
}

/** Collects ids, and places when they are wanted. */
class Sink {
  private readonly ids: number[] = [];
  private readonly offsets: number[] = [];

  constructor(private readonly wantsOffsets: boolean) {}

  add(id: number, from: number, to: number): void {
    this.ids.push(id);
    if (this.wantsOffsets) this.offsets.push(from, to);
  }

  addIds(ids: readonly number[]): void {
    for (const id of ids) this.ids.push(id);
  }

  addAll({ ids, starts, ends }: Tokens, piece: TrackedText): void {
    this.addIds(ids);
    ids.forEach((_, i) => this.offsets.push(...placeOf(piece, starts[i]!, ends[i]!)));
  }

  result(): Encoding {
    const ids = Int32Array.from(this.ids);
    return this.wantsOffsets ? { ids, offsets: Int32Array.from(this.offsets) } : { ids };
  }
}
