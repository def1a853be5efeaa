import * as tf from '@tensorflow/tfjs-core';
import type { TensorData } from './binding.ts';
import { Flusher, type Statistics } from './flush.ts';
import { known, type Operand, recorded, reshape, sizeOf, type Value } from './graph/trace.ts';

/** Recorded nodes hold on to their inputs, so a program that never reads anything is computed in parts. */
const MAX_TRACE = 50_000;

/** What TensorFlow.js stores under a DataId. Strings and complex numbers never enter a graph. */
interface Stored {
  readonly content: { readonly value: Value } | { readonly host: tf.backend_util.BackendValues };
  readonly dtype: tf.DataType;
  references: number;
}

/**
 * A TensorFlow.js backend that computes nothing when a kernel is called. Kernels record what is to be done; when
 * somebody reads a tensor, everything recorded becomes one ONNX graph, which onnxruntime computes. The graph of
 * a training step is compiled once and found again by its structure in every later step. Arrays that come in or
 * go out are copied: no memory is shared with the program, so the backend may overwrite its own.
 */
export class OnnxruntimeBackend extends tf.KernelBackend {
  readonly #storage = new tf.DataStorage<Stored>(this, tf.engine());
  readonly #flusher: Flusher;
  /** Values that TensorFlow.js knows and that are still to be computed. */
  readonly #pending = new Set<Value>();
  #flushedAt = recorded();

  constructor(flusher = new Flusher()) {
    super();
    this.#flusher = flusher;
  }

  get statistics(): Statistics {
    return this.#flusher.statistics;
  }

  /** Computes everything that was recorded and not disposed of. */
  flush(): void {
    this.#flusher.flush(this.#pending);
    this.#pending.clear();
    this.#flushedAt = recorded();
  }

  /** How a kernel reads a tensor; undefined where no graph can hold it. */
  operand({ dataId, shape }: tf.TensorInfo): Operand | undefined {
    const { content } = this.#storage.get(dataId);
    return 'value' in content ? reshape({ value: content.value, shape: [] }, shape) : undefined;
  }

  /** Hands a kernel's result to TensorFlow.js. */
  publish({ value, shape }: Operand): tf.TensorInfo {
    const dtype = value.type as tf.NumericDataType;
    if (value.dataId !== undefined) {
      this.incRef(value.dataId);
      return { dataId: value.dataId, shape: [...shape], dtype };
    }
    if (value.data === undefined && sizeOf(value.shape) === 0) settleEmpty(value);
    if (value.data === undefined) this.#pending.add(value);
    const dataId = {};
    value.dataId = dataId;
    this.#storage.set(dataId, { content: { value }, dtype, references: 1 });
    if (recorded() - this.#flushedAt > MAX_TRACE) this.flush();
    return { dataId, shape: [...shape], dtype };
  }

  /** The elements of a tensor where they are stored: do not change or keep them. */
  peek(dataId: tf.DataId): tf.backend_util.BackendValues {
    const { content } = this.#storage.get(dataId);
    if ('host' in content) return content.host;
    if (content.value.data === undefined) this.flush();
    return content.value.data!;
  }

  override readSync(dataId: tf.DataId): tf.backend_util.BackendValues {
    return this.peek(dataId).slice() as tf.backend_util.BackendValues;
  }

  override async read(dataId: tf.DataId): Promise<tf.backend_util.BackendValues> {
    return this.readSync(dataId);
  }

  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    return this.store(this.#copyOf(values, dtype), shape, dtype);
  }

  /** Like `write`, but the array is given up to the backend. */
  store(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  /** Takes a tensor, with its array, from another backend. */
  override move(
    dataId: tf.DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    const content = contentOf(dataId, values, shape, dtype);
    this.#storage.set(dataId, { content, dtype, references });
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    if (!this.#storage.has(dataId)) return true;
    const stored = this.#storage.get(dataId);
    stored.references--;
    if (!force && stored.references > 0) return false;
    this.#storage.delete(dataId);
    if ('value' in stored.content) this.#forget(stored.content.value);
    return true;
  }

  override refCount(dataId: tf.DataId): number {
    return this.#storage.has(dataId) ? this.#storage.get(dataId).references : 0;
  }

  override incRef(dataId: tf.DataId): void {
    this.#storage.get(dataId).references++;
  }

  override numDataIds(): number {
    return this.#storage.numDataIds();
  }

  override timerAvailable(): boolean {
    return true;
  }

  override async time(run: () => void): Promise<tf.BackendTimingInfo> {
    this.flush();
    const start = performance.now();
    run();
    this.flush();
    return { kernelMs: performance.now() - start };
  }

  override memory(): { unreliable: boolean; reasons: string[] } {
    return { unreliable: true, reasons: ['Results that were not read yet take no memory so far.'] };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override dispose(): void {
    this.#flusher.dispose();
  }

  /** Of what graphs can hold, one in memory that serves others later. */
  #copyOf(values: tf.backend_util.BackendValues, dtype: tf.DataType): tf.backend_util.BackendValues {
    const pooled = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : undefined;
    if (pooled === undefined || !(values instanceof pooled)) return values.slice() as typeof values;
    const copy = this.#flusher.take(dtype as 'float32' | 'int32', values.length);
    copy.set(values);
    return copy;
  }

  #forget(value: Value): void {
    value.dataId = undefined;
    this.#pending.delete(value);
    if (value.data !== undefined && value.data.length > 0) this.#flusher.retire(value.data);
  }
}

function contentOf(
  dataId: tf.DataId,
  values: tf.backend_util.BackendValues,
  shape: readonly number[],
  dtype: tf.DataType,
): Stored['content'] {
  if (dtype === 'string' || dtype === 'complex64') return { host: values };
  const elements = tf.util.convertBackendValuesAndArrayBuffer(values, dtype);
  const { value } = known(arrayOf(elements, dtype), shape, dtype);
  value.dataId = dataId;
  return { value };
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** Kernels of the cpu backend also return plain arrays, which their types do not say, or arrays of another kind. */
function arrayOf(elements: tf.backend_util.BackendValues, dtype: keyof typeof ARRAYS): TensorData {
  const Kind = ARRAYS[dtype];
  return elements instanceof Kind ? elements : new Kind(elements as unknown as ArrayLike<number>);
}

function settleEmpty(value: Value): void {
  value.data = new ARRAYS[value.type as keyof typeof ARRAYS](0);
  value.producer = undefined;
}
