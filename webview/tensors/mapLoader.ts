/**
 * Asks for the picture of a part of a tensor, or for its values where there is room for them. One
 * request at a time; while it is under way only the last wish is kept.
 */
import type { Region } from '../../src/protocol/matrix';
import type { Requests } from '../../src/protocol/tensors';
import type { HeatMap } from './heatMap';
import { gridOf } from './heatMap';

type Request = <Name extends 'cells' | 'values'>(
  name: Name,
  params: Requests[Name]['params'],
) => Promise<Requests[Name]['result']>;

interface Wish {
  tensor: string;
  region: Region;
  width: number;
}

const REST_MS = 80;

export class MapLoader {
  #wish: Wish | undefined;
  #isAsking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Grows when what is under way is not wanted any more. */
  #era = 0;

  constructor(
    private readonly request: Request,
    private readonly show: (map: HeatMap) => void,
    private readonly fail: (error: unknown) => void,
  ) {}

  /** Another tensor is looked at. */
  forget(): void {
    this.#era++;
    this.#wish = undefined;
    clearTimeout(this.#timer);
  }

  load(tensor: string, region: Region, width: number): void {
    if (width < 1) return;
    const isFirst = this.#wish === undefined;
    this.#wish = { tensor, region, width };
    clearTimeout(this.#timer);
    // the first picture of a tensor can wait until the eye rests on it; zooming cannot
    this.#timer = setTimeout(() => void this.#ask(), isFirst ? REST_MS : 0);
  }

  async #ask(): Promise<void> {
    const wish = this.#wish;
    if (this.#isAsking || !wish) return;
    const era = this.#era;
    this.#isAsking = true;
    try {
      const map = await this.#answer(wish);
      if (era === this.#era) this.show(map);
    } catch (error) {
      if (era === this.#era) this.fail(error);
    } finally {
      this.#isAsking = false;
      if (this.#wish !== undefined && this.#wish !== wish) void this.#ask();
    }
  }

  async #answer({ tensor, region, width }: Wish): Promise<HeatMap> {
    const grid = gridOf(region, width);
    if (!grid) {
      const { numbers, exact } = await this.request('values', { tensor, region });
      return { kind: 'values', tensor, region, numbers: new Float64Array(numbers), exact };
    }
    const cells = await this.request('cells', { tensor, region, ...grid });
    return {
      kind: 'cells',
      tensor,
      region,
      ...grid,
      min: new Float64Array(cells.min),
      max: new Float64Array(cells.max),
      notFinite: new Uint32Array(cells.notFinite),
      share: cells.share,
    };
  }
}
