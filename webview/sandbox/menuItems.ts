/** What the view's menus offer. */
import { durationText } from '../../src/curves/numberText';
import {
  type Column,
  type ColumnRun,
  MOST_ADAPTERS,
  MOST_COLUMNS,
} from '../../src/protocol/sandboxView';
import type { MenuItem } from '../controls/menu';
import type { SandboxApp } from './sandboxApp';
import { type Tint, tints } from './tint';
import { addAdapter } from './adapterChips';
import { deviceItems, isPossible, onItsDevice } from './deviceItems';
import { backendWords } from './words';

export function exportItems(app: SandboxApp): MenuItem[] {
  const hasText = app.outcomeOf(app.column.id) !== undefined;
  return [
    {
      label: 'Copy command',
      icon: 'copy',
      isDisabled: !hasText,
      choose: () => void app.copy('command', 'The command is copied'),
    },
    {
      label: 'Copy text',
      isDisabled: !hasText,
      choose: () => void app.copy('text', 'The text is copied'),
    },
    {
      label: 'Copy token ids',
      isDisabled: !hasText,
      choose: () => void app.copy('ids', 'The ids are copied'),
    },
    {
      label: 'Copy prompt as the model reads it',
      isDisabled: !hasText,
      choose: () => void app.copy('prompt', 'The prompt is copied'),
    },
    {
      label: 'Save as JSON…',
      icon: 'export',
      startsGroup: true,
      isDisabled: app.exchanges.length === 0,
      choose: () => void app.save('saveJson'),
    },
    {
      label: 'Save as evaluation example…',
      isDisabled: !hasText,
      choose: () => void app.save('saveExample'),
    },
  ];
}

export function historyItems(app: SandboxApp): MenuItem[] {
  const { history } = app.state;
  if (history.length === 0)
    return [{ label: 'Nothing was written yet', isDisabled: true, choose: () => undefined }];
  const ago = (at: number) => durationText(Math.max(0, (Date.now() - at) / 1000));
  return [
    ...history.map(({ id, at, title, models }) => ({
      label: title === '' ? 'A prompt of spaces' : title,
      detail: `${ago(at)} ago · ${models.join(' · ')}`,
      choose: () => void app.ask('restore', { item: id }),
    })),
    {
      label: 'Forget all',
      icon: 'trash' as const,
      startsGroup: true,
      choose: () => void app.ask('forget', { item: null }),
    },
  ];
}

/** What has no room in the toolbar of a narrow view. */
export function moreItems(app: SandboxApp): MenuItem[] {
  const { taste, room } = app.state;
  const tintItem = (tint: Tint): MenuItem => ({
    label: `Tint: ${tint}`,
    isChecked: taste.tint === tint,
    choose: () => app.prefer({ tint }),
  });
  const tinted = tints.map(tintItem);
  if (room !== 'narrow') return tinted;
  const { sameSeed, columns } = app.document;
  const former = app.state.history.slice(0, 5).map(({ id, title }, i) => ({
    label: title.slice(0, 40),
    icon: 'history' as const,
    startsGroup: i === 0,
    choose: () => void app.ask('restore', { item: id }),
  }));
  return [
    {
      label: 'Add a column',
      icon: 'splitHorizontal',
      isDisabled: columns.length >= MOST_COLUMNS,
      choose: () => void app.ask('addColumn', null),
    },
    {
      label: sameSeed ? 'Seed of its own for each column' : 'Same seed for all columns',
      icon: 'lock',
      choose: () => app.edit({ sameSeed: !sameSeed }),
    },
    { label: 'Another seed', icon: 'refresh', choose: () => app.regenerate() },
    ...tinted.map((item, i) => ({ ...item, startsGroup: i === 0 })),
    ...exportItems(app).map((item, i) => ({
      ...item,
      startsGroup: i === 0 || item.startsGroup === true,
    })),
    ...former,
  ];
}

export function columnItems(app: SandboxApp, column: Column): MenuItem[] {
  const { id, model } = column;
  const { columns } = app.document;
  const isWriting = app.writing.some(outcome => outcome.column === id);
  return [
    {
      label: 'Choose a model…',
      icon: 'folderOpened',
      choose: () => void app.ask('chooseModel', { column: id, what: 'model' }),
    },
    {
      label: 'Add an adapter…',
      icon: 'add',
      isDisabled: model === null || model.adapters.length >= MOST_ADAPTERS,
      choose: () => addAdapter(app, column),
    },
    isWriting
      ? {
          label: 'Stop this column',
          icon: 'debugStop',
          startsGroup: true,
          choose: () => app.stop(id),
        }
      : {
          label: 'Generate in this column only',
          icon: 'play',
          startsGroup: true,
          isDisabled: model === null,
          choose: () => app.generate(id),
        },
    {
      label: 'Add a column',
      icon: 'splitHorizontal',
      startsGroup: true,
      isDisabled: columns.length >= MOST_COLUMNS,
      choose: () => void app.ask('addColumn', null),
    },
    {
      label: 'Remove this column',
      icon: 'close',
      isDisabled: columns.length === 1,
      choose: () => void app.ask('removeColumn', { column: id }),
    },
  ];
}

/** How a column runs its model. */
export function runItems(app: SandboxApp, column: Column): MenuItem[] {
  const { id, backend, device, bits } = column;
  const run: ColumnRun = { backend, device, bits };
  const to = (change: Partial<ColumnRun>) => ({
    isDisabled: !isPossible({ ...run, ...change }),
    choose: () =>
      void app.ask('setColumn', { column: id, run: onItsDevice({ ...run, ...change }) }),
  });
  const backends = (['kv', 'nocache', 'batch'] as const).map(each => ({
    label: backendLabels[each],
    isChecked: backend === each,
    ...to({ backend: each }),
  }));
  const weights = ([null, 8, 4] as const).map((each, i) => ({
    label: each === null ? 'Weights as they are' : `Weights in int${each}`,
    isChecked: bits === each,
    startsGroup: i === 0,
    ...to({ bits: each }),
  }));
  const errors = {
    label: 'Error of each layer…',
    isDisabled: bits === null || column.model === null,
    choose: () => void app.showLayerErrors(column),
  };
  const devices = deviceItems(app.state.devices, device, each => to({ device: each }).choose());
  return [...backends, ...weights, errors, ...devices];
}

const backendLabels: Readonly<Record<ColumnRun['backend'], string>> = {
  kv: 'With a KV cache',
  nocache: 'Without a cache',
  batch: `As a ${backendWords.batch}, padded on the left`,
};
