/** How surprised the model was by each token of a reference: tinted, and the worst in words. */
import { type TemplateResult, html } from 'lit/html.js';
import { shortText } from '../../src/curves/numberText';
import type { TokenLosses } from '../../src/protocol/evaluation';
import { css } from '../theme/cssProperties';

/** A loss that is fully tinted, in nats: a token that was given a share of 0.0025. */
const MOST_NATS = 6;
const TOLD = 5;

export function tokenHeat({ tokens, losses }: TokenLosses): TemplateResult {
  const sum = losses.reduce((total, loss) => total + loss, 0);
  const worst = [...losses.keys()].sort((a, b) => losses[b]! - losses[a]!).slice(0, TOLD);
  return html`
    <section class="heat" aria-label="Perplexity by token">
      <h3>
        Expected, by token
        <span class="faint"
          >perplexity ${shortText(Math.exp(sum / Math.max(1, losses.length)))} of ${losses.length}
          tokens; tint = −ln p, up to ${MOST_NATS} nats</span
        >
      </h3>
      <p class="heat-text" aria-hidden="true">
        ${tokens.map(
          (token, i) =>
            html`<span
              class="heat-token"
              title="${shown(token)}: −ln p ${shortText(losses[i]!)}, p ${shortText(Math.exp(-losses[i]!))}"
              ${css({ '--share': `${(Math.min(1, losses[i]! / MOST_NATS) * 100).toFixed(1)}%` })}
              >${token.replaceAll('\n', '↵\n')}</span
            >`,
        )}
      </p>
      <p class="worst">
        <span class="faint">Most surprising:</span>
        ${worst.map(
          at =>
            html`<span
              ><code>${shown(tokens[at]!)}</code> ${shortText(losses[at]!)} nats, p
              ${shortText(Math.exp(-losses[at]!))}</span
            >`,
        )}
      </p>
    </section>
  `;
}

const shown = (token: string): string =>
  token.replaceAll(' ', '␣').replaceAll('\n', '↵').replaceAll('\t', '⇥') || '∅';
