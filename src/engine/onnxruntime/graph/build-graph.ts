import type { ElementType } from '../binding.ts';
import { STOP_NODE, STOP_OUTPUT } from '../native-run.ts';
import type { OnnxGraph, OnnxInitializer, OnnxNode } from './onnx-model.ts';
import { inputKey, type Program } from './program.ts';
import { type Constant, integers, type Operand, type Value } from './trace.ts';

/** The name of a program's input or output, by its place. */
export const inputName = (place: number): string => `in${place}`;
export const outputName = (place: number): string => `out${place}`;

/** The ONNX graph of a program. With `inPlace`, it has the output that keeps results from being copied. */
export function buildGraph(program: Program, inPlace: boolean): OnnxGraph {
  return new GraphBuilder(program).build(inPlace);
}

class GraphBuilder {
  readonly #program: Program;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxInitializer>();
  readonly #inputs: ReadonlyMap<string, string>;
  readonly #names = new Map<Value, string>();
  readonly #reshaped = new Map<string, string>();

  constructor(program: Program) {
    this.#program = program;
    this.#inputs = new Map(program.inputs.map((input, place) => [inputKey(input), inputName(place)]));
    for (const [place, value] of program.outputs.entries()) this.#names.set(value, outputName(place));
  }

  build(inPlace: boolean): OnnxGraph {
    const { nodes, inputs, outputs } = this.#program;
    if (inPlace) this.#nodes.push(STOP_NODE);
    for (const { op, domain, attributes, inputs: operands, outputs: values } of nodes) {
      this.#nodes.push({
        op,
        inputs: operands.map((operand) => this.#nameOf(operand)),
        outputs: values.map((value) => this.#nameOfValue(value)),
        ...(domain !== undefined && { domain }),
        ...(attributes !== undefined && { attributes }),
      });
    }
    const typeOf = ({ value, shape }: Operand) => ({ type: value.type, shape });
    return {
      nodes: this.#nodes,
      initializers: [...this.#initializers.values()],
      inputs: inputs.map((input, place) => ({ name: inputName(place), ...typeOf(input) })),
      ...(inPlace && { sequenceOutput: STOP_OUTPUT }),
      outputs: outputs.map(({ type, shape }, place) => ({ name: outputName(place), type, shape })),
    };
  }

  #nameOf(operand: Operand | Constant | undefined): string {
    if (operand === undefined) return '';
    if ('constant' in operand) return this.#nameOfConstant(operand);
    if (operand.value.data !== undefined) return this.#inputs.get(inputKey(operand))!;
    const name = this.#nameOfValue(operand.value);
    return `${operand.shape}` === `${operand.value.shape}` ? name : this.#nameOfReshaped(name, operand.shape);
  }

  #nameOfValue(value: Value): string {
    const name = this.#names.get(value) ?? `v${this.#names.size}`;
    this.#names.set(value, name);
    return name;
  }

  #nameOfConstant({ constant, type, shape }: Constant): string {
    const key = `${type}[${shape}]=${constant}`;
    const existing = this.#initializers.get(key);
    if (existing !== undefined) return existing.name;
    const name = `c${this.#initializers.size}`;
    this.#initializers.set(key, { name, type, shape, bytes: bytesOf(constant, type) });
    return name;
  }

  #nameOfReshaped(name: string, shape: readonly number[]): string {
    const key = `${name}[${shape}]`;
    const existing = this.#reshaped.get(key);
    if (existing !== undefined) return existing;
    const reshaped = `r${this.#reshaped.size}`;
    this.#reshaped.set(key, reshaped);
    const target = this.#nameOfConstant(integers(shape));
    this.#nodes.push({ op: 'Reshape', inputs: [name, target], outputs: [reshaped] });
    return reshaped;
  }
}

function bytesOf(numbers: readonly number[], type: ElementType): Uint8Array {
  const elements = {
    float32: () => Float32Array.from(numbers),
    int32: () => Int32Array.from(numbers),
    int64: () => BigInt64Array.from(numbers, BigInt),
    bool: () => Uint8Array.from(numbers),
  }[type]();
  return new Uint8Array(elements.buffer);
}
