/** Errors of one adapter by layer and token, as a picture; several tokens share a cell of a long prefix. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import type { StudyReport } from '../../src/protocol/cacheStudy';
import { rampColour } from '../theme/ramp';
import type { HeatPicture } from '../controls/heatElement';
import type { CacheStudyApp } from './cacheStudyApp';
import { MAP_ID } from './keys';
import type { TokenErrors } from './viewState';
import { cellText, heatShare, tokenName } from './words';

const HEIGHT = 168;
const MOST_CELL = 22;
const MOST_ROW = 36;
const GUTTER = 44;

export function tokenMapView(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const { tokens, mapWidth, palette, token } = app.state;
  if (!tokens)
    return html`<p class="faint wait appears-late" role="status">Reading the errors.</p>`;
  const layers = report.model.layers;
  const columns = Math.max(1, Math.min(report.prefix_tokens, Math.floor((mapWidth - GUTTER) / 5)));
  const picture = pictureOf(tokens, {
    ...{ layers, columns, tokens: report.prefix_tokens, width: mapWidth - GUTTER },
    theme: palette.theme,
  });
  const at = token ?? 0;
  const here = 100 * (tokens.errors[app.layer * report.prefix_tokens + at] ?? NaN);
  const said = `Layer ${app.layer}, token ${at}${tokenName(report, at)}: ${cellText(here)} %`;
  const { width, height } = picture.cell;
  return html`
    <div
      class="tokens"
      id=${MAP_ID}
      role="application"
      aria-roledescription="heat map"
      tabindex="0"
      aria-label="Relative L2 errors by layer and token. ${said}"
      @click=${(event: MouseEvent) => choose(app, report, event, picture)}
    >
      <span class="layer-names" aria-hidden="true"
        ><span>layer 0</span><span>${layers - 1}</span></span
      >
      <span class="picture">
        <wr-heat .picture=${picture}></wr-heat>
        ${
          token === null
            ? nothing
            : html`<svg
                class="marks"
                width=${width * columns}
                height=${height * layers}
                aria-hidden="true"
              >
                <rect
                  x=${Math.floor((at * columns) / report.prefix_tokens) * width + 0.5}
                  y=${app.layer * height + 0.5}
                  width=${Math.max(2, width - 1)}
                  height=${height - 1}
                />
              </svg>`
        }
        <span class="token-ends" aria-hidden="true"
          ><span>token 0</span><span>${report.prefix_tokens - 1}</span></span
        >
      </span>
      <p class="token-line" role="status">${said}</p>
    </div>
  `;
}

interface PictureShape {
  layers: number;
  tokens: number;
  columns: number;
  width: number;
  theme: Parameters<typeof rampColour>[0];
}

let drawn: { of: TokenErrors; key: string; picture: HeatPicture } | undefined;

/** The same object for the same picture: the element draws what is new. */
function pictureOf(of: TokenErrors, shape: PictureShape): HeatPicture {
  const key = Object.values(shape).join();
  if (drawn?.of === of && drawn.key === key) return drawn.picture;
  const picture = draw(of, shape);
  drawn = { of, key, picture };
  return picture;
}

/** A cell has the worst of its tokens: nothing is averaged away. */
function draw({ errors }: TokenErrors, shape: PictureShape): HeatPicture {
  const { layers, tokens, columns, width, theme } = shape;
  const colours = new Uint8ClampedArray(layers * columns * 4);
  for (let layer = 0; layer < layers; layer++)
    for (let column = 0; column < columns; column++) {
      const from = Math.floor((column * tokens) / columns);
      const to = Math.max(from + 1, Math.floor(((column + 1) * tokens) / columns));
      let worst = 0;
      for (let t = from; t < to; t++) worst = Math.max(worst, errors[layer * tokens + t]!);
      colours.set(
        [...rampColour(theme, heatShare(100 * worst)), 255],
        (layer * columns + column) * 4,
      );
    }
  const cell = {
    width: Math.min(MOST_CELL, width / columns),
    height: Math.max(4, Math.min(MOST_ROW, HEIGHT / layers)),
  };
  return { rows: layers, columns, cell, colours, crossed: [], crossColour: '#000' };
}

function choose(
  app: CacheStudyApp,
  { prefix_tokens }: StudyReport,
  event: MouseEvent,
  { columns, cell }: HeatPicture,
): void {
  const box = (event.currentTarget as Element).querySelector('wr-heat')?.getBoundingClientRect();
  if (!box) return;
  const column = Math.floor((event.clientX - box.left) / cell.width);
  const layer = Math.floor((event.clientY - box.top) / cell.height);
  if (column < 0 || column >= columns || layer < 0) return;
  app.set({ token: Math.floor((column * prefix_tokens) / columns) });
  app.prefer({ layer });
}
