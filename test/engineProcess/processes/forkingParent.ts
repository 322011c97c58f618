/** Forks what it is told to, prints its process id, and lives until it is killed. */
import { fork } from 'node:child_process';

const [path = ''] = process.argv.slice(2);
const child = fork(path, [], { serialization: 'advanced' });
child.once('message', () => console.log(String(child.pid)));
if (path.includes('engineProcess')) child.send({ t: 'q', i: '1', m: 'pulse', a: [] });
