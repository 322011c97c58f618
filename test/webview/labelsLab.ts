/**
 * The real view of labels in a real browser, answered by the real host-side session over what the
 * engine really previews. Only VS Code itself is played.
 */
import { LabelsSession, type LabelsPorts } from '../../src/host/labels/labelsSession';
import type { LabelPreview } from '../../src/engine/run/labelPreview';
import type { LabelsHostMessage, RunCard } from '../../src/protocol/labelsView';
import type { ReadLabels } from '../../src/host/labels/labelsProcess';
import { type ViewPage, openViewPage } from './viewPage';

export interface LabelsLabOptions {
  /** Examples from this one on. */
  read(from: number): Promise<LabelPreview>;
  card?: RunCard;
  isTrusted?: boolean;
  size?: { width: number; height: number };
}

export interface LabelsLab extends Omit<ViewPage, 'deliver'> {
  readonly calls: string[];
  /** Settles when everything that was asked for is there and drawn. */
  rest(): Promise<void>;
}

export async function openLabelsLab(options: LabelsLabOptions): Promise<LabelsLab> {
  const calls: string[] = [];
  const note = (name: string) => () => Promise.resolve(void calls.push(name));
  const ports: LabelsPorts = {
    isTrusted: options.isTrusted ?? true,
    read: from => {
      calls.push(`read ${from}`);
      const labels = options.read(from).then(
        (read): ReadLabels => ({ ...read, problem: null }),
        ({ message }: Error): ReadLabels => ({
          ...{ examples: [], totals: null },
          problem: { code: 'data.failed', message },
        }),
      );
      return { labels, stop: () => undefined };
    },
    card: () => Promise.resolve(options.card ?? null),
    train: note('train'),
    openConfig: note('openConfig'),
    openPlan: note('openPlan'),
    manageTrust: note('manageTrust'),
  };
  const view = await openViewPage({
    view: 'labels',
    title: 'Labels',
    ...(options.size && { size: options.size }),
    receive: message => session.receive(message),
  });
  const session = new LabelsSession({
    ...{ label: 'gsm8k.yaml', config: 'file:///gsm8k.yaml', ports },
    post: (message: LabelsHostMessage) => view.deliver(message),
  });
  await view.open();
  await session.refresh();
  return {
    ...view,
    calls,
    rest: view.idle,
    close: async () => {
      session.dispose();
      await view.close();
    },
  };
}
