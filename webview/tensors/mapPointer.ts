/** Pointing at the map: the cell under the pointer, the wheel and a double click zoom. */
import { noChange } from 'lit/html.js';
import { Directive, type ElementPart, directive } from 'lit/directive.js';
import type { HeatPicture } from '../controls/heatElement';
import type { Place } from '../controls/regions';
import type { CellMap } from './heatMap';
import { blockOf } from './heatMap';
import type { TensorsApp } from './tensorsApp';

class MapPointer extends Directive {
  #app: TensorsApp | undefined;
  #map: CellMap | undefined;
  #picture: HeatPicture | undefined;
  #element: HTMLElement | undefined;

  override render(_app: TensorsApp, _map: CellMap, _picture: HeatPicture) {
    return noChange;
  }

  override update(part: ElementPart, [app, map, picture]: [TensorsApp, CellMap, HeatPicture]) {
    this.#app = app;
    this.#map = map;
    this.#picture = picture;
    const element = part.element as HTMLElement;
    if (element !== this.#element) this.#listen(element);
    this.#element = element;
    return noChange;
  }

  #listen(element: HTMLElement): void {
    element.addEventListener('pointermove', event => this.#app?.movePlace(this.#placeAt(event)));
    element.addEventListener('pointerleave', () => this.#app?.movePlace(null));
    element.addEventListener('dblclick', event => {
      this.#app?.movePlace(this.#placeAt(event));
      this.#app?.zoom(4);
    });
    element.addEventListener(
      'wheel',
      event => {
        // a plain wheel scrolls the pane, as anywhere else
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.#app?.movePlace(this.#placeAt(event));
        this.#app?.zoom(event.deltaY < 0 ? 2 : 0.5);
      },
      { passive: false },
    );
  }

  /** The middle of the block of the cell under the pointer. */
  #placeAt(event: MouseEvent): Place | null {
    const [map, picture, element] = [this.#map, this.#picture, this.#element];
    if (!map || !picture || !element) return null;
    const box = element.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / picture.cell.width);
    const row = Math.floor((event.clientY - box.top) / picture.cell.height);
    if (column < 0 || row < 0 || column >= map.columns || row >= map.rows) return null;
    const block = blockOf(map, row * map.columns + column);
    return {
      row: Math.floor((block.top + block.bottom - 1) / 2),
      column: Math.floor((block.left + block.right - 1) / 2),
    };
  }
}

/** `<div ${listenToMap(app, map, picture)}>` */
export const listenToMap = directive(MapPointer);
