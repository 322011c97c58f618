/** Runs the suites inside an extension host: VS Code calls `run` after the extension is installed. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';

/** Environment that the runner gives to the extension host. */
export const resultsVariable = 'WEIGHTROOM_TEST_RESULTS';
export const filterVariable = 'WEIGHTROOM_TEST_FILTER';

export async function run(): Promise<void> {
  const output = process.env[resultsVariable];
  if (output === undefined) throw new Error(`${resultsVariable} does not name a results file.`);
  const filter = process.env[filterVariable];
  const mocha = new Mocha({
    ui: 'bdd',
    // A guard against hanging, not a measurement.
    timeout: 120_000,
    reporter: 'json',
    reporterOptions: { output },
    ...(filter === undefined ? {} : { grep: filter }),
  });
  const suites = join(__dirname, 'suite');
  for (const file of readdirSync(suites)) {
    if (file.endsWith('.test.cjs')) mocha.addFile(join(suites, file));
  }
  const failures = await new Promise<number>(resolve => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} tests failed.`);
}
