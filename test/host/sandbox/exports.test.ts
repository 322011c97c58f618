/** What is taken out of the sandbox has the form that others read. */
import { describe, expect, it } from 'vitest';
import { adapterSource } from '../../../src/engine/model/combineAdapters';
import { appended, exampleOf, jsonOf } from '../../../src/host/sandbox/exports';
import { newColumn, newDocument, newOutcome } from '../../../src/host/sandbox/sandboxDocument';
import { commandLine } from '../../../src/protocol/commandLine';
import type { DeviceName } from '../../../src/protocol/devices';
import type {
  Exchange,
  Outcome,
  PickedAdapter,
  PickedModel,
  SandboxDocument,
} from '../../../src/protocol/sandboxView';

const model: PickedModel = {
  dir: '/w/models/tiny',
  adapters: [],
  name: 'tiny',
  short: 'tiny',
  path: 'models/tiny',
  contextLength: 64,
};
const adapter = (path: string, use: Partial<PickedAdapter>): PickedAdapter => ({
  ...{ dir: `/w/${path}`, name: path, path, detail: '', weight: 1, isOn: true },
  ...use,
});
const adapted: PickedModel = {
  ...model,
  adapters: [
    adapter('adapters/maths', {}),
    adapter('adapters/off', { isOn: false }),
    adapter('adapters/v2:old', {}),
    adapter('adapters/nothing', { weight: 0 }),
    adapter('my adapters/style', { weight: 0.5 }),
  ],
};
const column = newColumn(model);

function outcomeOf(text: string): Outcome {
  const outcome = newOutcome(column, model, newDocument().sampling);
  return { ...outcome, text, promptIds: [1, 2], status: { kind: 'ended', reason: 'length' } };
}

function documentOf(mode: Exchange['mode'], system: string, ...said: [string, string][]) {
  const exchanges = said.map(([user, answer], i) => ({
    id: `e${i}`,
    mode,
    user,
    outcomes: [outcomeOf(answer)],
  }));
  return { ...newDocument(), mode, system, columns: [column], exchanges };
}

const example = (document: SandboxDocument): unknown => {
  const exchange = document.exchanges.at(-1)!;
  return JSON.parse(exampleOf(document, exchange, exchange.outcomes[0]!));
};

describe('an evaluation example', () => {
  it('of a word problem has its question and its answer', () => {
    const prompt = '### Question:\nHow many?\nTwo?\n\n### Answer:\n';
    expect(example(documentOf('completion', '', [prompt, '2\n#### 2\n']))).toEqual({
      question: 'How many?\nTwo?',
      answer: '2\n#### 2',
    });
  });

  it('of any other text has prompt and completion, to the letter', () => {
    expect(example(documentOf('completion', '', ['Once ', 'upon\n']))).toEqual({
      prompt: 'Once ',
      completion: 'upon\n',
    });
  });

  it('of a first answer in a chat has question and answer', () => {
    expect(example(documentOf('chat', '', ['Hi', ' Hello ']))).toEqual({
      question: 'Hi',
      answer: 'Hello',
    });
  });

  it('of a longer chat has all that was said', () => {
    const chat = documentOf('chat', 'Be kind.', ['Hi', 'Hello'], ['And?', 'Yes']);
    expect(example(chat)).toEqual({
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
        { role: 'user', content: 'And?' },
        { role: 'assistant', content: 'Yes' },
      ],
    });
  });

  it('is a line of its own, whatever stands before it', () => {
    expect(appended('', '{}\n')).toBe('{}\n');
    expect(appended('{"a":1}', '{}\n')).toBe('{"a":1}\n{}\n');
    expect(appended('{"a":1}\n', '{}\n')).toBe('{"a":1}\n{}\n');
  });
});

describe('the JSON', () => {
  it('has what was asked, of which model, how, and what came', () => {
    const json = JSON.parse(jsonOf(documentOf('completion', '', ['Once', ' upon']))) as unknown;
    expect(json).toMatchObject({
      format: 'weightroom-sandbox',
      version: 1,
      mode: 'completion',
      exchanges: [
        {
          prompt: 'Once',
          columns: [
            {
              model: 'models/tiny',
              backend: 'kv',
              prompt_ids: [1, 2],
              text: ' upon',
              end: 'length',
            },
          ],
        },
      ],
    });
  });

  it('names the adapters that acted, with their weights', () => {
    const document = documentOf('completion', '', ['Once', ' upon']);
    const [exchange] = document.exchanges;
    const outcome = { ...exchange!.outcomes[0]!, model: adapted };
    const json = jsonOf({ ...document, exchanges: [{ ...exchange!, outcomes: [outcome] }] });
    const { exchanges } = JSON.parse(json) as { exchanges: { columns: object[] }[] };
    expect(exchanges[0]!.columns[0]).toMatchObject({
      model: 'models/tiny',
      adapters: [
        { path: 'adapters/maths', weight: 1 },
        { path: 'adapters/v2:old', weight: 1 },
        { path: 'my adapters/style', weight: 0.5 },
      ],
    });
  });

  it('has only the mode that is shown', () => {
    const document = documentOf('completion', '', ['Once', ' upon']);
    expect(JSON.parse(jsonOf({ ...document, mode: 'chat' }))).toMatchObject({ exchanges: [] });
  });
});

describe('the command', () => {
  it('puts on the adapters that act, each with its weight, whatever its folder is called', () => {
    const { sampling } = newDocument();
    const run = { backend: 'kv', device: 'cpu', bits: null } as const;
    const what = { model: adapted, run, sampling, prompt: { kind: 'text', text: 'Once' } } as const;
    const command = commandLine(what, { shell: 'posix', python: null });
    expect(command).toContain(
      `generate models/tiny --adapter adapters/maths --adapter adapters/v2:old:1 --adapter 'my adapters/style:0.5' --prompt`,
    );
    const named = [...command.matchAll(/--adapter ('[^']*'|\S+)/g)].map(([, text]) =>
      adapterSource(text!.replaceAll("'", '')),
    );
    expect(named.map(({ weight }) => weight)).toEqual([1, 1, 0.5]);
    expect(named.map(({ dir }) => dir)).toEqual(['adapters/maths', 'adapters/v2:old', 'my adapters/style']); // prettier-ignore
  });
});

describe('the command on another device', () => {
  const { sampling } = newDocument();
  const terminal = { shell: 'posix', python: '/opt/my env/bin/python' } as const;

  it.each<[DeviceName, string]>([
    ['torch', "--device torch --python '/opt/my env/bin/python' --prompt"],
    ['ttml', "--device ttml --python '/opt/my env/bin/python' --prompt"],
    ['tenstorrent', '--device tenstorrent --prompt'],
    ['webgpu', '--device webgpu --prompt'],
  ])('names the interpreter that was chosen where it is asked: %s', (device, options) => {
    const run = { backend: 'nocache', device, bits: null } as const;
    const what = { model, run, sampling, prompt: { kind: 'text', text: 'Once' } } as const;
    expect(commandLine(what, terminal)).toContain(options);
    expect(commandLine(what, { ...terminal, python: null })).not.toContain('--python');
  });
});

describe('the command for PowerShell', () => {
  const { sampling } = newDocument();
  const run = { backend: 'kv', device: 'cpu', bits: null } as const;
  const commandOf = (path: string, text: string) =>
    commandLine(
      { model: { ...model, path }, run, sampling, prompt: { kind: 'text', text } },
      { shell: 'powershell', python: null },
    );

  it('doubles the quotes of its texts', () => {
    expect(commandOf('my models/tiny', `it's`)).toBe(
      `weightroom generate 'my models/tiny' --prompt 'it''s' --temperature 0.8 --top-k 40 --top-p 0.9 --seed 1337 --max-new-tokens 256`,
    );
  });
});
