/** What fills each bank at the peak, as stacks against the size of a bank. Every bank holds the same. */
import { type TemplateResult, html, nothing, svg } from 'lit/html.js';
import { bytesText, countText } from '../../src/curves/numberText';
import type { MemoryPlan } from '../../src/protocol/memoryView';
import type { MemoryApp } from './memoryApp';

/** Slots of the series' colours, in the order of the categories. */
export const SLOTS: Readonly<Record<string, number>> = {
  weights: 0,
  gradients: 3,
  optimizer: 1,
  activations: 2,
  logits: 6,
  'kv-cache': 4,
};

const HEIGHT = 372;
const TOP = 16;
const BOTTOM = 28;
const LEFT = 48;
const RIGHT = 96;

export function bankMap(app: MemoryApp, plan: MemoryPlan, width: number): TemplateResult {
  const { banks, bankBytes, perBankBytes, shortBytes } = plan;
  const { bank } = app.state;
  const right = app.isNarrow ? 12 : RIGHT;
  const step = niceStep(Math.max(perBankBytes, bankBytes) / 5);
  const most = Math.ceil((Math.max(perBankBytes, bankBytes) * 1.02) / step) * step;
  const y = (bytes: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - bytes / most);
  const room = (width - LEFT - right) / banks;
  const bar = Math.max(2, room * 0.88);
  const stack = stackOf(plan);
  const ticks = Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
  const said = `${banks} banks of ${bytesText(bankBytes)}; each needs ${bytesText(perBankBytes)}: ${plan.categories
    .map(c => `${c.title} ${bytesText(c.perBankBytes)}`)
    .join(', ')}`;
  return html`
    <svg
      class="bank-map"
      role="img"
      aria-label=${said}
      width=${width}
      height=${HEIGHT}
      viewBox="0 0 ${width} ${HEIGHT}"
    >
      <defs>
        <pattern
          id="padding"
          width="6"
          height="6"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <rect width="6" height="6" class="hatch-page"></rect>
          <line x1="0" x2="0" y1="0" y2="6" class="hatch"></line>
        </pattern>
      </defs>
      ${ticks.map(
        bytes => svg`
          <line class="grid" x1=${LEFT} x2=${width - right} y1=${y(bytes)} y2=${y(bytes)}></line>
          <text class="tick" x=${LEFT - 8} y=${y(bytes) + 4} text-anchor="end">${countText(bytes / 1e6)}</text>`,
      )}
      ${Array.from({ length: banks }, (_, i) => {
        const x = LEFT + i * room + (room - bar) / 2;
        return svg`
          <g class=${i === bank ? 'bank chosen' : 'bank'} @click=${() => app.set({ bank: i })}>
            ${stack.map(
              ({ category, from, to }) => svg`
                <rect x=${x} width=${bar} y=${y(to)} height=${Math.max(0, y(from) - y(to) - 1)}
                  class="part ${category}"><title>${titleOf(plan, category, to - from)}</title></rect>`,
            )}
            ${
              shortBytes > 0
                ? svg`<rect class="over" x=${x - 1} width=${bar + 2} y=${y(perBankBytes) - 1}
                    height=${y(bankBytes) - y(perBankBytes)}></rect>`
                : nothing
            }
            ${
              room >= 16 || i % Math.ceil(16 / room) === 0
                ? svg`<text class="tick ${i === bank ? 'chosen' : ''}" x=${x + bar / 2} y=${HEIGHT - 10}
                    text-anchor="middle">${i}</text>`
                : nothing
            }
          </g>`;
      })}
      <line
        class="size"
        x1=${LEFT - 4}
        x2=${width - right + 4}
        y1=${y(bankBytes)}
        y2=${y(bankBytes)}
      ></line>
      ${app.isNarrow ? nothing : sizeLabels(plan, width - right + 8, y)}
      <text class="tick" x=${LEFT - 8} y=${HEIGHT - 10} text-anchor="end">bank</text>
    </svg>
  `;
}

function sizeLabels(plan: MemoryPlan, x: number, y: (bytes: number) => number) {
  const { bankBytes, perBankBytes, shortBytes } = plan;
  const [at, over] = [y(bankBytes), y(perBankBytes)];
  return svg`
    <text class="size-label" x=${x} y=${at + 12}>bank size</text>
    <text class="tick" x=${x} y=${at + 26}>${megabytes(bankBytes)} MB</text>
    ${
      shortBytes > 0
        ? svg`<path class="bracket" d="M${x - 4} ${over} h4 V${at} h-4" fill="none"></path>
            <text class="short" x=${x + 4} y=${Math.min(at - 4, (at + over) / 2 + 4)}>+${megabytes(shortBytes)} MB</text>`
        : nothing
    }`;
}

export const megabytes = (bytes: number): string =>
  bytes >= 1e8 ? countText(bytes / 1e6) : (bytes / 1e6).toFixed(1);

interface Part {
  category: string;
  from: number;
  to: number;
}

/** Elements of each category from below, all padding on top. */
function stackOf({ categories }: MemoryPlan): Part[] {
  let at = 0;
  const parts = categories.map(({ category, perBankBytes, paddingPerBankBytes }): Part => {
    const from = at;
    at += perBankBytes - paddingPerBankBytes;
    return { category, from, to: at };
  });
  const padding = categories.reduce((sum, c) => sum + c.paddingPerBankBytes, 0);
  return [...parts, { category: 'padding', from: at, to: at + padding }];
}

const titleOf = ({ categories }: MemoryPlan, category: string, bytes: number): string =>
  `${categories.find(c => c.category === category)?.title ?? 'Padding and alignment'}: ${countText(bytes)} B per bank`;

function niceStep(about: number): number {
  const power = 10 ** Math.floor(Math.log10(about));
  return [1, 2, 2.5, 5, 10].map(n => n * power).find(n => n >= about) ?? about;
}
