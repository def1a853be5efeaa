import type { ElementType } from '../binding.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** An attribute of a node: an integer, integers, text, or a float. */
export type Attribute = number | readonly number[] | string | { readonly float: number };
export type Attributes = Readonly<Record<string, Attribute>>;

export interface OnnxNode {
  readonly op: string;
  /** Absent for ONNX's own operators. */
  readonly domain?: string;
  /** Names; '' stands for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Attributes;
}

export interface OnnxTensorType {
  readonly name: string;
  readonly type: ElementType;
  /** A name stands for a length that is known only when the graph runs. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxInitializer extends OnnxTensorType {
  readonly shape: readonly number[];
  /** Little-endian elements. */
  readonly bytes: Uint8Array;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
  readonly inputs: readonly OnnxTensorType[];
  /** An output that is a sequence of float32 tensors comes first when it has a name. */
  readonly sequenceOutput?: string;
  readonly outputs: readonly OnnxTensorType[];
}

/** TensorProto.DataType */
export const DATA_TYPE = { float32: 1, int32: 6, int64: 7, bool: 9 } as const satisfies Record<
  ElementType,
  number
>;

const IR_VERSION = 9;
const OPSET = 20;
const MICROSOFT_OPSET = 1;
/** AttributeProto.AttributeType */
const ATTRIBUTE_TYPE = { float: 1, integer: 2, string: 3, integers: 7 };

/** Serialises a ModelProto; field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const model = new ProtobufWriter();
  model.integer(1, IR_VERSION);
  model.message(8, (opset) => opset.integer(2, OPSET));
  model.message(8, (opset) => {
    opset.string(1, 'com.microsoft');
    opset.integer(2, MICROSOFT_OPSET);
  });
  model.message(7, (message) => writeGraph(message, graph));
  return model.finish();
}

function writeGraph(message: ProtobufWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) message.message(1, (m) => writeNode(m, node));
  message.string(2, 'trace');
  for (const initializer of graph.initializers) message.message(5, (m) => writeInitializer(m, initializer));
  for (const input of graph.inputs) message.message(11, (m) => writeTensorType(m, input));
  if (graph.sequenceOutput !== undefined) {
    const name = graph.sequenceOutput;
    message.message(12, (m) => writeSequenceType(m, name));
  }
  for (const output of graph.outputs) message.message(12, (m) => writeTensorType(m, output));
}

function writeNode(message: ProtobufWriter, node: OnnxNode): void {
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  message.string(4, node.op);
  for (const [name, value] of Object.entries(node.attributes ?? {}))
    message.message(5, (m) => writeAttribute(m, name, value));
  if (node.domain !== undefined) message.string(7, node.domain);
}

function writeAttribute(message: ProtobufWriter, name: string, value: Attribute): void {
  message.string(1, name);
  if (typeof value === 'number') {
    message.integer(3, value);
    message.integer(20, ATTRIBUTE_TYPE.integer);
  } else if (typeof value === 'string') {
    message.string(4, value);
    message.integer(20, ATTRIBUTE_TYPE.string);
  } else if ('float' in value) {
    message.float(2, value.float);
    message.integer(20, ATTRIBUTE_TYPE.float);
  } else {
    for (const item of value) message.integer(8, item);
    message.integer(20, ATTRIBUTE_TYPE.integers);
  }
}

function writeInitializer(message: ProtobufWriter, { name, type, shape, bytes }: OnnxInitializer): void {
  for (const length of shape) message.integer(1, length);
  message.integer(2, DATA_TYPE[type]);
  message.string(8, name);
  message.bytes(9, bytes);
}

function writeTensorType(message: ProtobufWriter, { name, type, shape }: OnnxTensorType): void {
  message.string(1, name);
  message.message(2, (typeProto) =>
    typeProto.message(1, (tensor) => {
      tensor.integer(1, DATA_TYPE[type]);
      tensor.message(2, (shapeProto) => {
        for (const length of shape) {
          shapeProto.message(1, (dimension) =>
            typeof length === 'number' ? dimension.integer(1, length) : dimension.string(2, length),
          );
        }
      });
    }),
  );
}

function writeSequenceType(message: ProtobufWriter, name: string): void {
  message.string(1, name);
  message.message(2, (typeProto) =>
    typeProto.message(4, (sequence) =>
      sequence.message(1, (element) => element.message(1, (tensor) => tensor.integer(1, DATA_TYPE.float32))),
    ),
  );
}
