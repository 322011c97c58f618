/**
 * `<wr-heat>`: the cells of a picture on a canvas, and which of them is looked at. Knows nothing of
 * what the cells mean: it is given colours.
 */

export interface HeatPicture {
  rows: number;
  columns: number;
  /** CSS pixels of a cell. */
  cell: { width: number; height: number };
  /** RGBA of each cell, row by row. */
  colours: Uint8ClampedArray<ArrayBuffer>;
  /** Cells with a cross. */
  crossed: readonly number[];
  crossColour: string;
}

/** Cells at least so large have a line between them. */
const LINED = 7;

export class HeatElement extends HTMLElement {
  #picture: HeatPicture | undefined;
  readonly #canvas = document.createElement('canvas');

  connectedCallback(): void {
    this.append(this.#canvas);
  }

  set picture(picture: HeatPicture) {
    if (picture === this.#picture) return;
    this.#picture = picture;
    this.#draw(picture);
  }

  #draw({ rows, columns, cell, colours, crossed, crossColour }: HeatPicture): void {
    const ratio = devicePixelRatio;
    const [width, height] = [cell.width * columns, cell.height * rows];
    const canvas = this.#canvas;
    canvas.width = Math.max(1, Math.round(width * ratio));
    canvas.height = Math.max(1, Math.round(height * ratio));
    canvas.style.setProperty('width', `${width}px`);
    canvas.style.setProperty('height', `${height}px`);
    const context = canvas.getContext('2d')!;
    context.imageSmoothingEnabled = false;
    context.drawImage(cellsCanvas(rows, columns, colours), 0, 0, canvas.width, canvas.height);
    context.scale(canvas.width / width, canvas.height / height);
    if (Math.min(cell.width, cell.height) >= LINED) drawLines(context, rows, columns, cell);
    context.strokeStyle = crossColour;
    context.lineWidth = 1.25;
    for (const at of crossed) drawCross(context, at, columns, cell);
  }
}

function cellsCanvas(rows: number, columns: number, colours: Uint8ClampedArray<ArrayBuffer>) {
  const small = new OffscreenCanvas(columns, rows);
  small.getContext('2d')!.putImageData(new ImageData(colours, columns, rows), 0, 0);
  return small;
}

type Cell = HeatPicture['cell'];

/** Clear lines: the page is seen through them. */
function drawLines(context: CanvasRenderingContext2D, rows: number, columns: number, cell: Cell) {
  for (let column = 1; column < columns; column++)
    context.clearRect(column * cell.width - 0.5, 0, 1, rows * cell.height);
  for (let row = 1; row < rows; row++)
    context.clearRect(0, row * cell.height - 0.5, columns * cell.width, 1);
}

function drawCross(context: CanvasRenderingContext2D, at: number, columns: number, cell: Cell) {
  const x = ((at % columns) + 0.5) * cell.width;
  const y = (Math.floor(at / columns) + 0.5) * cell.height;
  const arm = Math.min(4, Math.min(cell.width, cell.height) / 2 - 0.5);
  context.beginPath();
  context.moveTo(x - arm, y - arm);
  context.lineTo(x + arm, y + arm);
  context.moveTo(x - arm, y + arm);
  context.lineTo(x + arm, y - arm);
  context.stroke();
}
