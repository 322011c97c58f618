/**
 * The engine process: opens models and continues texts for the extension host that forked it, and
 * ends with it. A crash of the native runtime ends this process and nothing else.
 */
import { connectCalls } from '../engine/isolate/twoWayCalls';
import type { EngineFunctions, HostFunctions } from '../protocol/engineProcess';
import { engineFunctions } from './engineFunctions';
import { watchParent } from './watchParent';

if (!process.send) throw new Error('The engine process is started by the extension.');

watchParent();

const functions = engineFunctions(() => host);
const { theirs: host } = connectCalls<HostFunctions, EngineFunctions>(functions, {
  send: message => void process.send?.(message),
  listen: receive => void process.on('message', receive),
});
