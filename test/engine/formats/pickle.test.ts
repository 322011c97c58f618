import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchFolder } from '../../durability/scratchFolder';
import { problemOf, tensorsOf, withFile } from './opened';
import { outcomeOf } from './outcome';
import {
  call,
  code,
  dict,
  global,
  int,
  long,
  pickle,
  sixFloats,
  storage,
  tensorOf,
  text,
  torchLegacy,
  torchZip,
  tuple,
} from './pickleBytes';

const folder = scratchFolder();
const path = join(folder, 'case.pt');

const outcome = (bytes: Buffer): string => {
  writeFileSync(path, bytes);
  return outcomeOf(path);
};
/** In both containers, which must agree. */
const outcomeOfPickle = (data: Buffer): string => {
  const zip = outcome(torchZip(data));
  expect(outcome(torchLegacy(data))).toBe(zip);
  return zip;
};

it('the files of these tests are sound as such', () => {
  expect(outcomeOfPickle(pickle(dict(text('w'), tensorOf())))).toBe('ok');
  expect(tensorsOf(path).get('w')?.data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
});

describe('what would run code is refused, and named', () => {
  // what scanners of pickles have been fooled with, and the plain ones
  const exploits = `
    os.system posix.system nt.system subprocess.Popen subprocess.call subprocess.check_output
    builtins.eval builtins.exec builtins.compile builtins.__import__ builtins.getattr builtins.open
    builtins.apply __builtin__.eval __builtin__.execfile sys.modules.get runpy._run_code
    runpy.run_path pty.spawn socket.create_connection shutil.rmtree shutil.move webbrowser.open
    importlib.import_module importlib.util.spec_from_file_location pip.main pip._internal.cli.main.main
    ensurepip._run_pip timeit.timeit trace.Trace.run cProfile.runctx profile.run pdb.run bdb.Bdb.run
    code.InteractiveInterpreter.runcode idlelib.run.Executive.runcode doctest.debug_script
    pydoc.pipepager ctypes.CDLL _ctypes.dlopen asyncio.unix_events._UnixSubprocessTransport._start
    multiprocessing.util.spawnv_passfds distutils.file_util.write_file lib2to3.pgen2.grammar.Grammar.loads
    logging.config._resolve functools.partial functools.reduce operator.attrgetter operator.methodcaller
    types.CodeType types.FunctionType marshal.loads pickle.loads _pickle.loads dill.loads torch.load
    torch.jit.unsupported_tensor_ops.execWrapper torch.utils.bottleneck.__main__.run_autograd_prof
    torch.utils.collect_env.run torch.utils.data.datapipes.utils.decoder.basichandlers
    torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression torch._dynamo.guards.GuardBuilder.get
    torch._inductor.codecache.compile_file torch.storage._load_from_bytes torch.hub.load_state_dict_from_url
    numpy.testing._private.utils.runstring numpy.f2py.crackfortran.getlincoef numpy.load
    aiohttp.client.ClientSession requests.api.get urllib.request.urlretrieve http.client.HTTPConnection
    smtplib.SMTP ftplib.FTP venv.create pkgutil.resolve_name site.main threading.Thread
    zipimport.zipimporter _osx_support._read_output uuid._get_command_stdout test.support.script_helper.assert_python_ok
    __main__.anything
  `
    .trim()
    .split(/\s+/);
  const nameNow = (name: string) => name.replace('__builtin__', 'builtins');

  it.each(exploits)('%s', name => {
    const args = text('touch evil');
    const [module, last] = [
      name.slice(0, name.lastIndexOf('.')),
      name.slice(name.lastIndexOf('.') + 1),
    ];
    const ways = [
      code(global(name), tuple(args), 'R'),
      code('(', args, `i${module}\n${last}\n`),
      code('(', global(name), args, 'o'),
      code(text(module), text(last), '\x93', tuple(args), 'R'),
      code(dict(text('w'), tensorOf()), '0', global(name), tuple(args), 'R'),
      call(
        'torch._tensor._rebuild_from_type_v2',
        global(name),
        global('torch.Tensor'),
        tuple(args),
        code('}'),
      ),
    ];
    for (const way of ways) {
      writeFileSync(path, torchZip(pickle(way)));
      const { code: found, message, where } = problemOf(() => withFile(path, () => undefined));
      expect(found).toBe('torch.unsafe-global');
      expect(message).toContain(nameNow(name));
      expect(where.byte).toBeGreaterThan(0);
    }
  });

  it.each(['os._wrap_close', 'subprocess.Popen', 'builtins.type', 'ctypes.Structure', 'pip.Thing'])(
    'even where it only makes a %s',
    name => {
      expect(outcomeOfPickle(pickle(global(name), code(')\x81')))).toBe('torch.unsafe-global');
    },
  );

  it('while a class that is not known is kept and not made', () => {
    const record = code(global('my.Thing'), tuple(int(1)), '\x81', dict(text('a'), text('b')), 'b');
    writeFileSync(path, torchZip(pickle(record)));
    const metadata = withFile(path, file => Object.fromEntries(file.metadata));
    expect(metadata).toEqual({ object: 'my.Thing(1)', a: 'b' });
  });
});

describe('a pickle that is none is refused', () => {
  it.each<[string, Buffer]>([
    ['without end', code('\x80\x02}')],
    ['empty', code()],
    ['of protocol 9', code('\x80\x09N.')],
    ['with an unknown opcode', pickle(code('?'))],
    ['that takes from nothing', pickle(code('0'))],
    ['that takes more than a mark', pickle(code('N(0'))],
    ['that takes to no mark', pickle(code('Nt'))],
    ['that leaves something', pickle(code('NN'))],
    ['that leaves a mark', pickle(code('N('))],
    ['that duplicates nothing', pickle(code('2'))],
    ['that recalls nothing', pickle(code('h\x05'))],
    ['that sets items of a list', pickle(code('](NNu'))],
    ['that sets a key without value', pickle(code('}(Nu'))],
    ['that appends to a dict', pickle(code('}Na'))],
    ['that gives a number a state', pickle(code('K\x01}b'))],
    ['that calls a number', pickle(code('K\x01)R'))],
    ['that calls with no tuple', pickle(global('collections.OrderedDict'), code(']R'))],
    ['that names a class by numbers', pickle(code('K\x01K\x01\x93'))],
    ['that uses extensions', pickle(code('\x82\x01'))],
    ['with data elsewhere', pickle(code('\x97'))],
    ['with a long text that is not there', pickle(code('X\xff\xff\xff\x7f'))],
    ['with bytes that are not there', pickle(code('B\xff\xff\xff\x7f'))],
    ['with 2^63 bytes', pickle(code('\x8e\xff\xff\xff\xff\xff\xff\xff\x7f'))],
    ['with a number that is none', pickle(code('Iabc\n'))],
    ['with a float that is none', pickle(code('F1e\n'))],
    ['with a line without end', code('\x80\x02cos')],
    ['with a text without quotes', pickle(code('Sabc\n'))],
    ['with pairs that are none', pickle(call('collections.OrderedDict', tuple(int(1))))],
    ['with bytes beyond 255', pickle(call('builtins.bytes', tuple(int(256))))],
    ['with an object outside of it', pickle(text('x'), code('Q'))],
    ['with an object outside of it, by line', pickle(code('Px\n'))],
  ])('%s', (_, data) => {
    expect(outcome(torchZip(data))).toMatch(/^torch\.(bad-pickle|truncated)$/);
    expect(outcome(torchLegacy(data))).toMatch(/^torch\.(bad-pickle|truncated|too-complex)$/);
  });

  it('says at which byte of the file', () => {
    const bytes = torchZip(pickle(dict(text('x'), code('?'))));
    writeFileSync(path, bytes);
    const { where, message } = problemOf(() => withFile(path, () => undefined));
    expect(bytes[where.byte!]).toBe('?'.charCodeAt(0));
    expect(message).toContain('byte 10 of archive/data.pkl');
  });
});

describe('a pickle without end is stopped', () => {
  const many = (count: number, part: string | Buffer) =>
    Buffer.concat(Array.from({ length: count }, () => Buffer.from(part as string, 'latin1')));
  /** Each level holds the one before it twice: 2^levels in all. */
  const doubled = (levels: number) => code(']', many(levels, code('2\x86')));

  it.each<[string, Buffer]>([
    ['that piles up', pickle(many(300_000, '2'.padStart(1)))],
    ['that piles up lists', pickle(many(300_000, ']'))],
    ['that piles up marks', pickle(many(300_000, '('))],
    ['of billions of laughs', pickle(doubled(40))],
    [
      'of billions of named laughs',
      pickle(code('}K\x01K\x01s', many(40, code('q\x00}K\x01h\x00sK\x02h\x00s')))),
    ],
    ['nested 100,000 deep', pickle(many(100_000, ']'), many(99_999, 'a'))],
    ['nested 1,000 deep', pickle(many(1_000, ']'), many(999, 'a'))],
    ['with a number of a million digits', pickle(code('L', many(1_000_000, '9'), '\n'))],
    ['with a number of 2^31 bytes', pickle(code('\x8b\xff\xff\xff\x7f'))],
    ['that calls calls of calls', pickle(nestedCalls(100))],
    ['with 200 MB of text', pickle(many(13, code(text('x'.repeat(1 << 24)), '0')), code('N'))],
  ])('%s', (_, data) => {
    const before = process.memoryUsage().rss;
    expect(outcome(torchZip(data))).toMatch(/^torch\.(too-complex|bad-pickle)$/);
    expect(process.memoryUsage().rss - before).toBeLessThan(1 << 29);
  });

  it('and one that contains itself is told of once', () => {
    writeFileSync(path, torchZip(pickle(code(']q\x00K\x01ah\x00a'))));
    expect(withFile(path, file => Object.fromEntries(file.metadata))).toEqual({ 0: '1', 1: '…' });
  });

  it('while a model of 100,000 tensors is none', () => {
    const one = (i: number) => code(text(`layers.${i}`), tensorOf());
    const batch = (_: unknown, i: number) =>
      code('(', ...Array.from({ length: 1000 }, (_, j) => one(i * 1000 + j)), 'u');
    const batches = Array.from({ length: 100 }, batch);
    writeFileSync(path, torchZip(pickle(code('}'), ...batches)));
    withFile(path, file => {
      expect(file.entries.size).toBe(100_000);
      expect(file.entries.get('layers.99999')?.sameAs).toBe('layers.0');
    });
  });
});

function nestedCalls(depth: number): Buffer {
  const name = 'torch._tensor._rebuild_from_type_v2';
  let args = tuple(global('torch.Size'), int(0), tuple(tuple()), code('}'));
  for (let i = 0; i < depth; i++) args = tuple(global(name), int(0), args, code('}'));
  return code(global(name), args, 'R');
}

describe('a tensor that reaches out of its storage is refused', () => {
  const shaped = (...shape: number[]) => tuple(...shape.map(int));
  const big = (value: bigint) => tuple(long(value), int(1));

  it.each<[string, Buffer, string]>([
    ['a shape beyond it', tensorOf({ shape: shaped(3, 3), strides: shaped(3, 1) }), 'bad-pickle'],
    ['a stride beyond it', tensorOf({ strides: shaped(4, 1) }), 'bad-pickle'],
    ['an offset beyond it', tensorOf({ offset: int(1) }), 'bad-pickle'],
    ['a huge offset', tensorOf({ offset: long(2n ** 60n) }), 'bad-pickle'],
    ['a negative offset', tensorOf({ offset: long(-1n) }), 'bad-pickle'],
    ['a negative dimension', tensorOf({ shape: big(-2n) }), 'bad-pickle'],
    ['a negative stride', tensorOf({ strides: big(-3n) }), 'bad-pickle'],
    ['a huge dimension', tensorOf({ shape: big(2n ** 60n), strides: shaped(0, 0) }), 'bad-pickle'],
    [
      'dimensions that multiply to too much',
      tensorOf({ shape: shaped(2 ** 30, 2 ** 30), strides: shaped(0, 0) }),
      'bad-pickle',
    ],
    [
      'too many dimensions',
      tensorOf({
        shape: tuple(...Array.from({ length: 65 }, () => int(1))),
        strides: tuple(...Array.from({ length: 65 }, () => int(1))),
      }),
      'bad-pickle',
    ],
    ['fewer strides than dimensions', tensorOf({ strides: shaped(1) }), 'bad-pickle'],
    ['a shape of texts', tensorOf({ shape: tuple(text('2'), text('3')) }), 'bad-pickle'],
    ['an unknown storage class', tensorOf({ cls: 'torch.StrangeStorage' }), 'bad-pickle'],
    ['a class that is no storage', tensorOf({ cls: 'os.system' }), 'bad-pickle'],
    [
      'a storage that is no text',
      code(tuple(text('storage'), global('torch.FloatStorage'), int(0), text('cpu'), int(6)), 'Q'),
      'bad-pickle',
    ],
    ['a negative size', storage({ elements: long(-1n) }), 'bad-pickle'],
    [
      'two sizes for one storage',
      tuple(storage(), storage({ elements: int(5) })),
      'bad-pickle|storage-size',
    ],
    ['a storage that is not there', tensorOf({ key: '7' }), 'missing-storage|bad-storage'],
    ['a storage that is larger', tensorOf({ elements: int(7) }), 'storage-size'],
    [
      'a storage of wider elements',
      tensorOf({ cls: 'torch.DoubleStorage' }),
      'storage-size|truncated',
    ],
  ])('%s', (_, data, kind) => {
    const pattern = new RegExp(`^torch[.](${kind})$`);
    expect(outcome(torchZip(pickle(data)))).toMatch(pattern);
    expect(outcome(torchLegacy(pickle(data)))).toMatch(pattern);
  });

  it('but one that repeats elements is read, and never all of it at once if it is huge', () => {
    const huge = tensorOf({ shape: shaped(1 << 28, 1 << 18), strides: shaped(0, 0) });
    writeFileSync(path, torchZip(pickle(huge)));
    withFile(path, file => {
      expect(file.entries.get('tensor')?.bytes).toBe(2 ** 48);
      expect(problemOf(() => file.read('tensor')).code).toBe('torch.too-large');
      expect(file.readRange('tensor', 2 ** 45, 2 ** 45 + 2).data).toEqual(Float32Array.of(1, 1));
    });
  });
});

describe('the container must fit the pickle', () => {
  const data = pickle(dict(text('w'), tensorOf()));

  it.each<[string, Buffer, string]>([
    ['a storage of another size', torchZip(data, { 0: Buffer.alloc(20) }), 'torch.storage-size'],
    ['no storages', torchZip(data, {}), 'torch.missing-storage'],
    ['no storages in an old file', torchLegacy(data, {}), 'torch.missing-storage'],
    [
      'a storage too many in an old file',
      torchLegacy(data, { 0: sixFloats(), 1: sixFloats() }),
      'torch.bad-storage',
    ],
    ['bytes after an old file', code(torchLegacy(data), 'more'), 'torch.trailing-bytes'],
    ['an old file cut off', torchLegacy(data).subarray(0, -1), 'torch.truncated'],
    [
      'an old file of another protocol',
      code(torchLegacy(data).subarray(0, 15), pickle(int(1002))),
      'torch.bad-pickle',
    ],
    [
      'an old file of an unknown system',
      code(torchLegacy(data).subarray(0, 15), pickle(int(1001)), pickle(code('}'))),
      'torch.bad-pickle',
    ],
  ])('%s', (_, bytes, wanted) => {
    expect(outcome(bytes)).toBe(wanted);
  });

  it('an old file is refused when cut at any byte', () => {
    const bytes = torchLegacy(data);
    for (let length = 16; length < bytes.byteLength; length++)
      expect(outcome(bytes.subarray(0, length))).toBe('torch.truncated');
  });
});
