/**
 * Asks for what is looked at: first the picture and the way to it, then what is likely wrong and how
 * values are spread. What comes for a parameter that is no longer looked at is dropped.
 */
import type { Matrix, Region } from '../../src/protocol/matrix';
import type { DiffRequests } from '../../src/protocol/weightDiff';
import { blockFor, type TileMap } from './tileMap';
import type { Detail, Spread } from './viewState';

type Request = <Name extends keyof DiffRequests>(
  name: Name,
  params: DiffRequests[Name]['params'],
) => Promise<DiffRequests[Name]['result']>;

/** So long an eye rests on something before it is read for. */
const REST_MS = 80;

export interface Wanted {
  readonly row: number;
  readonly isCompared: boolean;
  readonly isMismatch: boolean;
  readonly matrix: Matrix;
  readonly region: Region;
  readonly width: number;
}

export class DetailLoader {
  #detail: Detail | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #mapWish = 0;

  constructor(
    private readonly request: Request,
    private readonly show: (detail: Detail | null) => void,
  ) {}

  look(wanted: Wanted | null): void {
    clearTimeout(this.#timer);
    this.#set(wanted && { row: wanted.row });
    if (!wanted) return;
    this.#timer = setTimeout(() => void this.#load(wanted), REST_MS);
  }

  async loadMap({ row, matrix, region, width }: Wanted): Promise<void> {
    const wish = ++this.#mapWish;
    try {
      const map = await this.#mapOf(row, matrix, region, width);
      if (wish === this.#mapWish) this.#add(row, { map });
    } catch (error) {
      if (wish === this.#mapWish) this.#add(row, { error: wordsOf(error) });
    }
  }

  async #load(wanted: Wanted): Promise<void> {
    const { row, isCompared, isMismatch, matrix } = wanted;
    await this.#ask(row, async () => ({ chain: await this.request('detail', { row }) }));
    if (!isCompared || !this.#isWanted(row)) return;
    if (matrix.count > 0) await this.loadMap(wanted);
    if (isMismatch && this.#isWanted(row))
      await this.#ask(row, async () => ({ fault: await this.request('fault', { row }) }));
    else this.#add(row, { fault: null });
    if (this.#isWanted(row))
      await this.#ask(row, async () => ({ spread: await this.#spread(row) }));
  }

  async #ask(row: number, work: () => Promise<Partial<Detail>>): Promise<void> {
    try {
      this.#add(row, await work());
    } catch (error) {
      this.#add(row, { error: wordsOf(error) });
    }
  }

  async #mapOf(row: number, matrix: Matrix, region: Region, width: number): Promise<TileMap> {
    const block = blockFor(region, matrix, width);
    if (block === undefined) {
      const { left, right } = await this.request('values', { row, region });
      return {
        kind: 'values',
        row,
        region,
        left: new Float64Array(left),
        right: new Float64Array(right),
      };
    }
    const cell = { rows: block, columns: block };
    const { most, notFinite, share } = await this.request('cells', { row, region, cell });
    return {
      kind: 'cells',
      row,
      region,
      block,
      rows: Math.ceil((region.bottom - region.top) / block),
      columns: Math.ceil((region.right - region.left) / block),
      most: new Float64Array(most),
      notFinite: new Uint32Array(notFinite),
      share,
    };
  }

  async #spread(row: number): Promise<Spread | null> {
    const found = await this.request('distributions', { row });
    return (
      found && {
        ...found,
        left: new Float64Array(found.left),
        right: new Float64Array(found.right),
        difference: new Float64Array(found.difference),
      }
    );
  }

  #isWanted = (row: number): boolean => this.#detail?.row === row;

  #add(row: number, patch: Partial<Detail>): void {
    if (this.#isWanted(row)) this.#set({ ...this.#detail!, ...patch });
  }

  #set(detail: Detail | null): void {
    this.#detail = detail;
    this.show(detail);
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
