import type { ElementType, NativeTensor, TensorData } from './binding.ts';
import { BufferPool } from './buffer-pool.ts';
import { inputName, outputName } from './graph/build-graph.ts';
import { planDonations } from './graph/donation.ts';
import { type Program, programFor } from './graph/program.ts';
import { partsOf } from './graph/result-parts.ts';
import { SessionCache } from './graph/session-cache.ts';
import { sizeOf, type Value } from './graph/trace.ts';
import { inPlaceOutputsWork, runInPlace, runWithCopies } from './native-run.ts';

/** What a backend did so far, for benchmarks. */
export interface Statistics {
  /** Programs that were run, and the milliseconds that collecting, compiling and running them took. */
  readonly runs: number;
  readonly compiled: number;
  readonly traceMs: number;
  readonly compileMs: number;
  readonly runMs: number;
}

/** Computes recorded values, and keeps what the next time needs. */
export class Flusher {
  readonly #pool = new BufferPool();
  readonly #inPlace: boolean;
  readonly #sessions: SessionCache;
  /** Arrays of values that are gone, but that recorded nodes may still read. */
  #retired = new Set<TensorData>();
  #times = { runs: 0, traceMs: 0, compileMs: 0, runMs: 0 };

  constructor(inPlace = inPlaceOutputsWork()) {
    this.#inPlace = inPlace;
    this.#sessions = new SessionCache(inPlace);
  }

  get statistics(): Statistics {
    return { ...this.#times, compiled: this.#sessions.compiled };
  }

  /** An array with arbitrary contents, for a value that is made elsewhere. */
  take(type: ElementType, length: number): TensorData {
    return this.#pool.take(type, length);
  }

  /** Takes the array of a value that TensorFlow.js no longer knows. */
  retire(data: TensorData): void {
    this.#retired.add(data);
  }

  /**
   * Computes `pending`, which must be every value that is recorded, not computed, and known to TensorFlow.js: what
   * remains of the trace afterwards can never be requested.
   */
  flush(pending: Iterable<Value>): void {
    const outputs = [...pending];
    if (outputs.length > 0) this.#compute(outputs);
    for (const data of this.#retired) this.#pool.give(data);
    this.#retired.clear();
  }

  dispose(): void {
    this.#sessions.dispose();
  }

  #compute(outputs: readonly Value[]): void {
    const start = performance.now();
    const parts = this.#inPlace ? partsOf(outputs) : outputs.map((value) => [value]);
    const program = programFor(parts.flat());
    const traced = performance.now();
    try {
      const session = this.#sessions.get(program);
      const compiled = performance.now();
      const feeds = tensors(
        program.inputs.map(({ value, shape }) => nativeTensor(value, shape, value.data!)),
        inputName,
      );
      if (this.#inPlace) {
        const arrays = this.#resultArrays(outputs, parts, program);
        const places = parts.flatMap((values, i) => divided(arrays[i]!, values));
        const fetches = program.outputs.map((value, i) => nativeTensor(value, value.shape, places[i]!));
        runInPlace(session, feeds, tensors(fetches, outputName));
        settle(outputs, arrays);
      } else {
        const names = outputs.map((_, place) => outputName(place));
        const copies = runWithCopies(session, feeds, names);
        const arrays = names.map((name) => copies[name]!.data);
        settle(outputs, arrays);
      }
      this.#times.runs++;
      this.#times.traceMs += traced - start;
      this.#times.compileMs += compiled - traced;
      this.#times.runMs += performance.now() - compiled;
    } catch (error) {
      throw new Error(`onnxruntime could not compute ${operators(program)}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** An array for each output: that of an input that is needed no more, or one from the pool. */
  #resultArrays(
    outputs: readonly Value[],
    parts: readonly (readonly Value[])[],
    program: Program,
  ): TensorData[] {
    const isFree = ({ data, dataId }: Value) => dataId === undefined && this.#retired.has(data!);
    const donors = planDonations(program, isFree);
    const donorOf = (value: Value) => program.inputs[donors[program.outputs.indexOf(value)]!]?.value;
    return outputs.map((output, i) => {
      const donor = parts[i]!.length === 1 ? donorOf(parts[i]![0]!) : undefined;
      if (donor === undefined) return this.#pool.take(output.type, sizeOf(output.shape));
      this.#retired.delete(donor.data!);
      return donor.data!;
    });
  }
}

/** An array cut into one piece for each value. */
function divided(data: TensorData, values: readonly Value[]): TensorData[] {
  if (values.length === 1) return [data];
  let end = 0;
  return values.map(({ shape }) => {
    const begin = end;
    end += sizeOf(shape);
    return data.subarray(begin, end);
  });
}

function settle(outputs: readonly Value[], results: readonly TensorData[]): void {
  for (const [place, value] of outputs.entries()) {
    value.data = results[place]!;
    value.producer = undefined;
  }
}

function nativeTensor({ type }: Value, dims: readonly number[], data: TensorData): NativeTensor {
  return { type, dims, data, location: 'cpu' };
}

function tensors(
  list: readonly NativeTensor[],
  name: (place: number) => string,
): Record<string, NativeTensor> {
  return Object.fromEntries(list.map((tensor, place) => [name(place), tensor]));
}

/** The operators of a program, for a message. */
function operators({ nodes }: Program): string {
  const names = [...new Set(nodes.map(({ op }) => op))];
  return names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
}
