/** Taking the curves elsewhere: pictures and data files by the host, values by the clipboard. */
import { lossText } from '../../src/curves/numberText';
import type { PictureRequest, Saved } from '../../src/protocol/curves';
import type { CurvesApp } from './curvesApp';
import { visibleRuns } from './scene';
import { tableOf, textOf } from './valueTable';

/** Pixels of a PNG per pixel of the picture. */
const PNG_SCALE = 2;

export function pictureOf({ state }: CurvesApp): PictureRequest {
  const { axis, xLog, yLog, smoothing, raw, validation, highlighted, zoom } = state.taste;
  const runs = visibleRuns(state).map(run => run.id);
  const { theme } = state.palette;
  return { runs, highlighted, axis, range: zoom, xLog, yLog, smoothing, raw, validation, theme };
}

export async function savePicture(app: CurvesApp, kind: 'png' | 'svg' | 'csv'): Promise<void> {
  const saved = await (kind === 'png'
    ? savePng(app)
    : app.ask(kind === 'svg' ? 'saveSvg' : 'saveCsv', pictureOf(app)));
  if (saved?.saved) app.inform(`Saved ${saved.saved}`);
}

async function savePng(app: CurvesApp): Promise<Saved | undefined> {
  const picture = await app.ask('picture', pictureOf(app));
  if (!picture) return undefined;
  return app.ask('savePng', { png: await rasterize(picture.svg) });
}

async function rasterize(svg: string): Promise<ArrayBuffer> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth * PNG_SCALE;
  canvas.height = image.naturalHeight * PNG_SCALE;
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>(resolve => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('The picture could not be turned into a PNG.');
  return blob.arrayBuffer();
}

/** What "Copy visible values" copies: the read-out at the cursor, else the table. */
export function visibleValues(app: CurvesApp): string {
  const { reading } = app;
  const { axis } = app.state.taste;
  if (!reading) {
    return textOf(tableOf(app.scene.runs, app.scene, 'loss', axis));
  }
  const rows = reading.rows.map(row =>
    [
      row.run.facts.name,
      row.step,
      ...[row.train, row.raw, row.validation, row.gap].map(numberCell),
      row.learningRate,
      row.gradientNorm,
      row.tokensPerSecond,
    ].join('\t'),
  );
  return [
    'run\tstep\ttrain EMA\ttrain raw\tvalidation\tgap\tlearning rate\tgradient norm\ttokens/s',
    ...rows,
  ].join('\n');
}

const numberCell = (value: number): string => (Number.isFinite(value) ? value.toFixed(4) : '');

export async function copyValues(app: CurvesApp): Promise<void> {
  const copied = await app.ask('copy', { text: visibleValues(app) });
  if (copied === undefined) return;
  const { reading } = app;
  const what = reading?.rows[0]
    ? `values at step ${reading.rows[0].step} (train ${lossText(reading.rows[0].train)})`
    : 'the visible values';
  app.inform(`Copied ${what}`);
}
