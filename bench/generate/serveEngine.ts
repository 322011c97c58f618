/** The loop of an engine's process. */
import { readFileSync } from 'node:fs';
import type { Engine, EngineSettings, Memory, Reply, Request } from './engine';

export function serveEngine(open: (settings: EngineSettings) => Promise<Engine>): void {
  let engine: Engine | undefined;
  const answer = async (request: Request): Promise<number[]> => {
    switch (request.do) {
      case 'open':
        engine = await open(request.settings);
        return [];
      case 'start':
        return [await engine!.start(request.prompt)];
      case 'decode':
        return engine!.decode(request.count);
    }
  };
  const serve = async (request: Request): Promise<void> => {
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    const tokens = await answer(request);
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const cpuSeconds = (user + system) / 1e6;
    process.send!({ tokens, seconds, cpuSeconds, memory: memoryNow() } satisfies Reply);
  };
  process.on('message', request => {
    serve(request as Request).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
  process.on('disconnect', () => process.exit());
}

/** Linux tells; elsewhere only what Node knows. */
function memoryNow(): Memory {
  const peakResident = process.resourceUsage().maxRSS * 1024;
  try {
    const lines = readFileSync('/proc/self/smaps_rollup', 'utf8');
    const bytes = (field: string) =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(lines)?.[1] ?? NaN) * 1024;
    return {
      resident: bytes('Rss'),
      proportional: bytes('Pss'),
      anonymous: bytes('Anonymous'),
      peakResident,
    };
  } catch {
    const { rss } = process.memoryUsage();
    return { resident: rss, proportional: NaN, anonymous: NaN, peakResident };
  }
}
