/**
 * A run of a million steps in the curves view: how long it takes to open, and from a key that zooms
 * or pans to the frame that shows it. The real bundle in a real browser, answered by the real host
 * code in this process; messages cross as text over a WebSocket on loopback, which is what VS Code in
 * a browser has. Prints numbers; no test depends on them.
 *
 *   npx tsx bench/curves.ts [steps]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeriesReader } from '../src/engine/run/seriesCache';
import { describeBytes } from '../scripts/project';
import { mulberry32 } from '../test/curves/syntheticRun';
import { bundleForPage } from '../test/webview/bundleForPage';
import { type CurvesLab, openCurvesLab } from '../test/webview/curvesLab';
import { writeRun } from '../test/webview/runsOnDisk';

const ID = '20261120-090000-million';
const ZOOMS = 300;
const EVAL_EVERY = 2500;

const steps = Number(process.argv[2] ?? 1_000_000);
const runsDir = mkdtempSync(join(tmpdir(), 'weightroom-bench-'));

try {
  const spike = { step: Math.floor(steps * 0.65), loss: 9 };
  writeRun(runsDir, ID, {
    name: 'million',
    steps,
    pace: steps / 5,
    evalEvery: EVAL_EVERY,
    outcome: 'done',
    spike,
  });
  const { script, style } = await bundleForPage('curves');
  print('bundle, minified', describeBytes(script.length + style.length));
  print(`log of ${steps.toLocaleString('en')} steps`, describeBytes(statSync(logPath()).size));
  await measureReading();
  await measureOpening('open without a cache', () => rmSync(cachePath(), { force: true }));
  await measureOpening('open with the cache', () => undefined);
  await measureZooming();
} finally {
  rmSync(runsDir, { recursive: true });
}

function print(label: string, value: string): void {
  console.log(`${label.padEnd(32)}${value}`);
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(0)} ms`;
}

function logPath(): string {
  return join(runsDir, ID, 'events.jsonl');
}

function cachePath(): string {
  return new SeriesReader(join(runsDir, ID)).cachePath;
}

async function measureReading(): Promise<void> {
  const cold = new SeriesReader(join(runsDir, ID));
  let longest = 0;
  let last = performance.now();
  const began = last;
  await cold.update(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  });
  print('read the log', `${ms(performance.now() - began)}, at most ${ms(longest)} at a time`);
  await cold.writeCache();
  print('cache', describeBytes(statSync(cachePath()).size));
  const warm = performance.now();
  await new SeriesReader(join(runsDir, ID)).update();
  print('read the cache', ms(performance.now() - warm));
}

/** From the page's first request to the first curve, and to the whole run. */
async function measureOpening(label: string, prepare: () => void): Promise<void> {
  const lab = await openLab();
  await untilDrawn(lab);
  prepare();
  const began = performance.now();
  await lab.reload();
  const drawn = 'points drawn';
  await lab.page.locator('.footer', { hasText: drawn }).waitFor({ timeout: 60_000 });
  const first = performance.now() - began;
  await untilDrawn(lab);
  print(label, `first curve ${ms(first)}, whole run ${ms(performance.now() - began)}`);
  await lab.close();
}

/** Until the view says that it shows every point: four a step, one an evaluation. */
async function untilDrawn(lab: CurvesLab): Promise<void> {
  const all = `of ${countText(4 * steps + Math.floor(steps / EVAL_EVERY))} `;
  await lab.page.locator('.footer', { hasText: all.trim() }).waitFor({ timeout: 120_000 });
}

async function measureZooming(): Promise<void> {
  const lab = await openLab();
  const random = mulberry32(1);
  const keys = ['+', '+', '+', '-', ',', '.', '0'];
  const times: number[] = [];
  await lab.page.keyboard.press('+');
  await lab.idle();
  for (let i = 0; i < ZOOMS; i++) {
    const key = keys[Math.floor(random() * keys.length)] ?? '+';
    times.push(await lab.page.evaluate(pressed => window.wrPage.timed(pressed), key));
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => ms(times[Math.floor(share * times.length)] ?? NaN);
  print(`zoom and pan, ${ZOOMS} times`, `p50 ${at(0.5)}, p95 ${at(0.95)}, most ${at(0.9999)}`);
  const drawn = await lab.page.locator('.footer').innerText();
  print('drawn', drawn.replace(/\s+/g, ' ').replace(/^.*shown /, ''));
  await lab.close();
}

function openLab(): Promise<CurvesLab> {
  return openCurvesLab({ runsDir, isQuick: true });
}

function countText(count: number): string {
  return count.toString().replace(/\B(?=(\d{3})+$)/g, '\u2009');
}
