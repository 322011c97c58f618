/** A thread that does whatever it is told to, for tests of how it is held. */
import { serve } from '../../../src/engine/isolate/serve';
import { fail } from '../../../src/engine/problem';

export type Order = 'answer' | 'refuse' | 'throw' | 'loop' | 'fill' | 'exit' | 'print' | 'look';

const kept: unknown[] = [];

serve(request => {
  switch (request as Order) {
    case 'answer':
      return { answer: 42 };
    case 'refuse':
      return fail('test.refused', 'It was refused.', { key: 'a' });
    case 'throw':
      throw new TypeError('It was thrown.');
    case 'loop':
      return /^(a+)+$/.test(`${'a'.repeat(60)}!`);
    case 'fill':
      for (;;) kept.push(Array.from({ length: 1000 }, () => ({ size: kept.length })));
    case 'exit':
      return process.exit(3);
    case 'print':
      console.log('to be seen by nobody');
      return undefined;
    case 'look':
      return { env: Object.keys(process.env), argv: process.execArgv };
  }
});
