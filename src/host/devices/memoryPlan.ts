/** A plan in banks as the view shows it. Pure. */
import { countText } from '../../curves/numberText';
import type { BankPlan, Suggestion } from '../../engine/plan/bankPlan';
import { verdictOf } from '../../engine/plan/formatBankPlan';
import type { MemoryPlan, MemorySuggestion } from '../../protocol/memoryView';

const CATEGORIES: Record<BankPlan['categories'][number]['category'], string> = {
  weights: 'Weights',
  gradients: 'Gradients',
  optimizer: 'Optimizer',
  activations: 'Activations',
  logits: 'Logits',
  'kv-cache': 'KV cache',
};

const PHASES: Record<BankPlan['phases'][number]['phase'], string> = {
  model: 'Model',
  optimizer: 'Optimizer',
  forward: 'Forward',
  backward: 'Backward',
  step: 'Update',
};

export function memoryPlanOf(plan: BankPlan): MemoryPlan {
  const { device, failure } = plan;
  return {
    ...verdictOf(plan),
    about: aboutOf(plan),
    fits: plan.fits,
    ...{ banks: device.banks, bankBytes: device.bankBytes, alignment: device.alignment },
    ...{ perBankBytes: plan.perBankBytes, shortBytes: plan.shortBytes },
    ...{ largestFreeBlockBytes: plan.largestFreeBlockBytes, lostShare: plan.lostShare },
    largestBatch: plan.largestBatch,
    categories: plan.categories.map(c => ({
      ...{ category: c.category, layout: layoutOf(plan, c), buffers: c.buffers },
      title: c.category === 'optimizer' ? statesOf(plan) : CATEGORIES[c.category],
      ...{ neededBytes: c.neededBytes, pageBytes: c.pageBytes, pages: c.pages },
      ...{ perBankBytes: c.perBankBytes, paddingPerBankBytes: c.paddingPerBankBytes },
    })),
    phases: plan.phases.map(({ phase, perBankBytes }) => ({
      ...{ phase, title: PHASES[phase], perBankBytes, isPeak: phase === plan.peakPhase },
    })),
    suggestions: plan.suggestions.map(suggestionOf),
    pairs: plan.pairs.map(suggestionOf),
    failure: failure
      ? {
          ...{ buffer: failure.buffer, category: CATEGORIES[failure.category] },
          perBankBytes: failure.perBankBytes,
          largestFreeBlockBytes: failure.largestFreeBlockBytes,
        }
      : null,
  };
}

const suggestionOf = ({
  id,
  title,
  detail,
  perBankBytes,
  fits,
  edits,
}: Suggestion): MemorySuggestion => ({
  ...{ id, title, detail, perBankBytes, fits },
  canApply: edits.length > 0,
});

const statesOf = ({ optimizer }: BankPlan): string =>
  optimizer.startsWith('AdamW') ? `${optimizer} m and v` : `${optimizer} states`;

function layoutOf(
  { recomputes, time }: BankPlan,
  { category, layout }: BankPlan['categories'][number],
): string {
  if (category === 'activations' && recomputes) return `${layout}, one block at a time`;
  return category === 'kv-cache' ? `sampling, 1 × ${countText(time)}` : layout;
}

function aboutOf(plan: BankPlan): string {
  const { batch, time, accumulation, dataParallel, tensorParallel, parameters } = plan;
  return [
    `${countText(Math.round(parameters / 1e6))} M parameters`,
    `batch ${batch} × ${countText(time)}`,
    accumulation > 1 ? `${accumulation} accumulation steps` : '',
    'bf16',
    plan.recomputes ? 'blocks computed again' : '',
    dataParallel > 1 ? `batch over ${dataParallel} devices` : '',
    tensorParallel > 1 ? `matrices over ${tensorParallel} devices` : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Every buffer, a line each. */
export function buffersCsv({ buffers }: BankPlan): string {
  const head = 'name,category,layout,shape,needed_bytes,bytes,page_bytes,pages,per_bank_bytes';
  const lines = buffers.map(b =>
    [
      ...[b.name, b.category, b.layout, b.shape.join('x')].map(
        cell => `"${cell.replaceAll('"', '""')}"`,
      ),
      ...[b.neededBytes, b.bytes, b.pageBytes, b.pages, b.perBankBytes],
    ].join(','),
  );
  return `${[head, ...lines].join('\n')}\n`;
}
