import { describe, expect, it } from 'vitest';
import { type PictureOptions, renderLossSvg } from '../../src/curves/lossPicture';
import { emptyRunSeries, foldIntoSeries } from '../../src/curves/runSeries';
import { type SyntheticRun, syntheticEvents } from './syntheticRun';

function picture(run: Partial<SyntheticRun>, options: PictureOptions = {}, name = 'base'): string {
  const series = emptyRunSeries();
  for (const event of syntheticEvents({ name, steps: 3000, ...run })) foldIntoSeries(series, event);
  return renderLossSvg([{ name, slot: 1, series, end: 'stopped' }], options);
}

/** Vertical positions of the points of the band, the first filled path. */
function bandOf(svg: string): number[] {
  const [, d = ''] = /<path d="([^"]*)" fill="#/.exec(svg) ?? [];
  return [...d.matchAll(/[ML][\d.-]+ ([\d.-]+)/g)].map(m => Number(m[1]));
}

describe('the picture', () => {
  it('shows a one-step spike among thousands of steps', () => {
    const calm = bandOf(picture({}, { yScale: 'linear' }));
    const spiked = bandOf(picture({ spike: { step: 2000, loss: 40 } }, { yScale: 'linear' }));
    const top = Math.min(...spiked);
    expect(top).toBeLessThan(110);
    expect(spiked.filter(y => y < 200).length).toBe(1);
    expect(calm.filter(y => y < 200).length).toBeGreaterThan(1);
  });

  it('draws a hole as two bands', () => {
    const svg = picture({ steps: 500, endsNotFinite: true });
    expect(svg).toContain('<path');
    expect(svg).not.toContain('NaN');
  });

  it.each<[string, PictureOptions, string]>([
    ['a dashed line for the second slot', {}, 'stroke-dasharray="8 4"'],
    ['dark colours', { theme: 'dark' }, '#E69F00'],
    ['light colours', { theme: 'light' }, '#B36B00'],
    ['durations along a time axis', { x: 'seconds' }, 'min</text>'],
    ['a logarithmic x axis', { xScale: 'log' }, 'step, log scale'],
    ['words where there is no data', { range: [1e6, 2e6] }, 'No steps in this range'],
    ['its size', { width: 800, height: 450 }, 'viewBox="0 0 800 450"'],
  ])('has %s', (_, options, expected) => {
    expect(picture({}, options)).toContain(expected);
  });

  it('is well-formed and inert whatever the names are', () => {
    const svg = picture({ steps: 10 }, {}, `<script>alert("1")</script>&\u0000`);
    expect(svg).not.toContain('<script');
    expect(svg).toContain('&lt;script&gt;');
    expect(svg).not.toContain('\u0000');
  });

  it('is the same for the same run', () => {
    expect(picture({})).toBe(picture({}));
  });
});
