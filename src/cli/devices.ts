/** `weightroom devices`: what can hold and run a model here, and why something cannot. */
import { bytesText } from '../curves/numberText';
import type { DeviceFacts } from '../engine/devices/device';
import type { AddCommand } from './command';
import { exitCode } from './failure';

interface DevicesFlags {
  python?: string;
  json?: boolean;
}

export const addDevices: AddCommand = (program, { out, exit }) => {
  program
    .command('devices')
    .description('list the devices of this machine, what each can do, and why one is missing')
    .option('--python <path>', 'the interpreter to ask for PyTorch and ttml')
    .option('--json', 'print one JSON object for each device')
    .action(async ({ python, json = false }: DevicesFlags) => {
      const { findDevices } = await import('../engine/devices/findDevices'); // loads the runtime
      for (const facts of await findDevices({ python }))
        out.print(json ? JSON.stringify(facts) : asText(facts));
      exit(exitCode.done);
    });
};

function asText({
  name,
  title,
  available,
  reason,
  abilities,
  details,
  memoryBytes,
}: DeviceFacts): string {
  const lines = [
    `${available ? '✓' : '×'} ${name.padEnd(12)} ${title}${memoryBytes ? `, ${bytesText(memoryBytes)}` : ''}`,
    ...(available ? [abilities.join(', '), ...details] : [reason ?? 'missing']).map(
      line => `    ${line}`,
    ),
  ];
  return lines.join('\n');
}
