/** What the view's menus offer. */
import type { RunFacts } from '../../src/protocol/curves';
import type { CurvesApp } from './curvesApp';
import { copyValues, savePicture } from './exports';
import type { MenuItem } from '../controls/menu';
import { isWorking } from './scene';

export const exportItems = (app: CurvesApp): MenuItem[] => [
  { label: 'Save as PNG…', icon: 'export', choose: () => void savePicture(app, 'png') },
  { label: 'Save as SVG…', choose: () => void savePicture(app, 'svg') },
  { label: 'Save data as CSV…', choose: () => void savePicture(app, 'csv') },
  {
    label: 'Copy visible values',
    keys: navigator.platform.startsWith('Mac') ? '⌘C' : 'Ctrl+C',
    startsGroup: true,
    choose: () => void copyValues(app),
  },
  {
    label: 'Show as table',
    keys: 'T',
    isChecked: app.state.taste.table,
    choose: () => app.prefer({ table: !app.state.taste.table }),
  },
];

/** The highlighted run against each other one. */
export function compareItems(app: CurvesApp): MenuItem[] {
  const base = app.highlighted;
  if (!base) return [];
  return [...app.state.runs.values()]
    .filter(run => run.id !== base.id)
    .map(run => ({
      label: `${base.name} ↔ ${run.name}`,
      choose: () => void app.ask('compareConfigs', { runs: [base.id, run.id] }),
    }));
}

export function runItems(app: CurvesApp, run: RunFacts): MenuItem[] {
  const item = (label: string, action: Parameters<CurvesApp['act']>[0]): MenuItem => ({
    label,
    choose: () => app.act(action, run.id),
  });
  const steering = !app.state.isTrusted
    ? []
    : isWorking(run)
      ? [item('Stop', 'stop'), item('Save checkpoint', 'checkpoint')]
      : run.canResume
        ? [item('Resume', 'resume')]
        : [];
  return [
    ...steering,
    { ...item('Open config', 'openConfig'), startsGroup: steering.length > 0 },
    item('Duplicate config', 'duplicateConfig'),
    item('Open log', 'openLog'),
    item('Reveal folder', 'reveal'),
    {
      label: 'Close in this view',
      startsGroup: true,
      choose: () => void app.ask('closeRun', { run: run.id }),
    },
    ...(isWorking(run) || !app.state.isTrusted ? [] : [item('Delete…', 'delete')]),
  ];
}

/** What has no room in the toolbar of a narrow view. */
export function viewItems(app: CurvesApp): MenuItem[] {
  const { taste, room } = app.state;
  const layers: MenuItem[] = [
    { label: 'Raw', isChecked: taste.raw, choose: () => app.prefer({ raw: !taste.raw }) },
    {
      label: 'Validation',
      isChecked: taste.validation,
      choose: () => app.prefer({ validation: !taste.validation }),
    },
    {
      label: 'Logarithmic x axis',
      isChecked: taste.xLog,
      choose: () => app.prefer({ xLog: !taste.xLog, zoom: null }),
    },
  ];
  if (room !== 'narrow') return layers;
  const run = app.highlighted;
  return [
    ...layers,
    {
      label: 'Show everything',
      keys: '0',
      startsGroup: true,
      isDisabled: taste.zoom === null,
      choose: () => app.zoomTo(null),
    },
    { label: 'Add runs…', choose: () => void app.ask('addRuns', null) },
    ...compareItems(app).map((item, i) => ({ ...item, startsGroup: i === 0 })),
    ...(run
      ? runItems(app, run).map((item, i) => (i === 0 ? { ...item, startsGroup: true } : item))
      : []),
  ];
}
