/**
 * An ONNX model: what it says of itself, and the initializers of its main graph. Nodes are counted
 * and not read. Source: onnx.proto3.
 */
import { fail } from '../../problem';
import type { FileSystem } from '../../files/fileSystem';
import type { ByteSource } from '../byteSource';
import { memorySource } from '../byteSource';
import type { FileContents, StoredTensor } from '../storedTensors';
import { ExternalData } from './externalData';
import type { Field, RefuseMessage, Span } from './message';
import { MessageReader } from './message';
import { readPair, readTensor } from './onnxTensor';

const MODEL = {
  irVersion: 1,
  producer: 2,
  producerVersion: 3,
  domain: 4,
  modelVersion: 5,
  doc: 6,
  graph: 7,
  opset: 8,
  metadata: 14,
  trainingInfo: 20,
  functions: 25,
  configuration: 26,
} as const;

const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12, sparse: 15 } as const;

/** Whether a file is a message with the fields of a model and nothing else. */
export function isOnnx(source: ByteSource): boolean {
  class NoMessage extends Error {}
  const reader = new MessageReader(source, () => {
    throw new NoMessage();
  });
  const numbers = new Set<number>(Object.values(MODEL));
  const varints = new Set<number>([MODEL.irVersion, MODEL.modelVersion]);
  let [hasVersion, hasGraph] = [false, false];
  try {
    for (const { id, wire } of reader.walk({ start: 0, end: source.bytes })) {
      if (!numbers.has(id) || (wire === 'varint') !== varints.has(id)) return false;
      if (id === MODEL.irVersion) hasVersion = true;
      if (id === MODEL.graph) hasGraph = wire === 'bytes';
    }
  } catch (error) {
    if (error instanceof NoMessage) return false;
    throw error;
  }
  return hasVersion && hasGraph;
}

/** @throws `onnx.…` */
export function onnxContents(source: ByteSource, path: string, fs: FileSystem): FileContents {
  const refuse: RefuseMessage = (kind, what, at) =>
    fail(`onnx.${kind}`, `${path} cannot be read: byte ${at}: ${what}.`, { file: path, byte: at });
  const reader = new MessageReader(source, refuse);
  const data = new ExternalData(path, fs);
  const close = () => data.close();
  try {
    const model = new ModelFacts(reader, data);
    for (const field of reader.walk({ start: 0, end: source.bytes })) model.take(field);
    if (model.graphs !== 1) refuse('no-graph', `it has ${model.graphs} graphs`, source.bytes);
    if (!model.hasOperators)
      refuse(
        'truncated',
        'it does not say which operators it uses, so it was cut off',
        source.bytes,
      );
    return { format: 'onnx', metadata: model.metadata(), tensors: model.tensors, close };
  } catch (error) {
    close();
    throw error;
  }
}

const NOTHING = memorySource(new Uint8Array());
/** Names of inputs and outputs that are shown. */
const MAX_NAMES = 1_000;

class ModelFacts {
  readonly tensors = new Map<string, StoredTensor>();
  graphs = 0;
  hasOperators = false;
  private nodes = 0;
  private readonly facts = new Map<string, string>();
  private readonly inputs: string[] = [];
  private readonly outputs: string[] = [];

  constructor(
    private readonly reader: MessageReader,
    private readonly data: ExternalData,
  ) {}

  take(field: Field): void {
    const { reader, facts } = this;
    if (field.wire === 'varint') {
      if (field.id === MODEL.irVersion) facts.set('ir_version', String(field.value));
      if (field.id === MODEL.modelVersion)
        facts.set('model_version', String(BigInt.asIntN(64, field.value)));
      return;
    }
    if (field.wire !== 'bytes') return;
    const text = textFields.get(field.id);
    if (text !== undefined) facts.set(text, reader.text(field.span));
    else if (field.id === MODEL.metadata) readPair(reader, field.span, facts);
    else if (field.id === MODEL.opset) this.opset(field.span);
    else if (field.id === MODEL.graph) this.graph(field.span);
  }

  metadata(): Map<string, string> {
    const all = new Map(this.facts);
    all.set('nodes', String(this.nodes));
    all.set('inputs', this.inputs.join(', '));
    all.set('outputs', this.outputs.join(', '));
    return all;
  }

  private opset(span: Span): void {
    let [domain, version] = ['', 0n];
    for (const field of this.reader.walk(span)) {
      if (field.id === 1 && field.wire === 'bytes') domain = this.reader.text(field.span, 1 << 12);
      if (field.id === 2 && field.wire === 'varint') version = field.value;
    }
    this.hasOperators = true;
    this.facts.set(`opset ${domain || 'ai.onnx'}`, String(version));
  }

  private graph(span: Span): void {
    this.graphs++;
    for (const field of this.reader.walk(span)) {
      if (field.id === GRAPH.node) this.nodes++;
      if (field.wire !== 'bytes') continue;
      if (field.id === GRAPH.name) this.facts.set('graph', this.reader.text(field.span, 1 << 16));
      if (field.id === GRAPH.initializer) this.initializer(field.span);
      if (field.id === GRAPH.sparse) this.sparse(field.span);
      if (field.id === GRAPH.input) this.value(field.span, this.inputs);
      if (field.id === GRAPH.output) this.value(field.span, this.outputs);
    }
  }

  private initializer(span: Span): void {
    const { name, tensor } = readTensor(this.reader, span, this.data);
    this.add(name, tensor, span);
  }

  /** `SparseTensorProto`: its name is that of its values. */
  private sparse(span: Span): void {
    for (const field of this.reader.walk(span)) {
      if (field.id !== 1 || field.wire !== 'bytes') continue;
      const { name, tensor } = readTensor(this.reader, field.span, this.data);
      this.add(
        name,
        { ...tensor, source: NOTHING, start: 0, unreadable: 'is a sparse tensor' },
        span,
      );
    }
  }

  private add(name: string, tensor: StoredTensor, { start }: Span): void {
    if (name === '') this.reader.refuse('no-name', 'an initializer has no name', start);
    if (this.tensors.has(name))
      this.reader.refuse('duplicate-name', `two initializers are named "${name}"`, start);
    this.tensors.set(name, tensor);
  }

  private value(span: Span, names: string[]): void {
    for (const field of this.reader.walk(span))
      if (field.id === 1 && field.wire === 'bytes' && names.length < MAX_NAMES)
        names.push(this.reader.text(field.span, 1 << 16));
  }
}

const textFields = new Map<number, string>([
  [MODEL.producer, 'producer'],
  [MODEL.producerVersion, 'producer_version'],
  [MODEL.domain, 'domain'],
  [MODEL.doc, 'doc'],
]);
