/** The steps from what is stored to the canonical parameter, as a picture from above to below. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import type { Chain, ChainStep } from '../../src/protocol/weightDiff';
import { type IconName, icon } from '../theme/icons';
import type { DiffApp } from './diffApp';
import { shapeText, typeText } from './texts';

export function chainView(app: DiffApp): TemplateResult | typeof nothing {
  const { detail } = app.state;
  const { chosen } = app;
  const chain = detail?.row === chosen ? detail?.chain : undefined;
  if (!chain) return html`<section class="chain" aria-busy="true"></section>`;
  const { left, right } = chain;
  const sides = [left && isLong(left) ? left : undefined, right].filter(side => side);
  const single = left && right ? undefined : (left ?? right);
  if (single) return chainOf(single, 'Stored', undefined);
  return html`${sides.map(side =>
    side === right
      ? chainOf(side!, isLong(side!) ? 'From device to canonical' : 'Compared', left ?? undefined)
      : chainOf(side!, 'Left, to canonical', undefined),
  )}`;
}

const isLong = ({ steps }: Chain): boolean => steps.length > 1;

const icons: Readonly<Record<ChainStep['kind'], IconName>> = {
  stored: 'save',
  untile: 'table',
  split: 'splitHorizontal',
  permute: 'arrowSwap',
  crop: 'circleSmall',
  transpose: 'sync',
  cast: 'gear',
  tie: 'link',
};

const chainOf = (
  { dtype, steps }: Chain,
  title: string,
  other: Chain | undefined,
): TemplateResult => html`
  <section class="chain" aria-label=${title}>
    <h3>${title}</h3>
    <ol>
      ${steps.map(
        ({ kind, text, shape, acts }) => html`
          <li class=${acts ? '' : 'idle'}>
            ${icon(icons[kind], 'step')}
            <span class=${kind === 'stored' ? 'stored' : ''} title=${text}>${text}</span>
            <span class="shape faint"
              >${shapeText(shape)}${kind === 'stored' ? ` ${typeText(dtype)}` : ''}</span
            >
          </li>
        `,
      )}
      ${
        other
          ? html`<li>
              ${icon('gitCompare', 'step')}
              <span>compare with <span class="stored">${other.steps[0]?.text ?? ''}</span></span>
              <span class="shape faint">${typeText(other.dtype)}</span>
            </li>`
          : nothing
      }
    </ol>
  </section>
`;
