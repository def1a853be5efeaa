/** What this file needs of the global of this name, which the types of Node 20 lack. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** Encoded instructions, one after another. */
export type Code = readonly number[];

/** A function without a result; its parameters are its first locals. */
export interface WasmFunction {
  readonly parameters: readonly WasmType[];
  readonly locals: readonly WasmType[];
  readonly body: Code;
}

export interface WasmInstance {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly run: (...parameters: readonly number[]) => void;
}

const TYPES = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;
type WasmType = keyof typeof TYPES;

const PAGE_BYTES = 2 ** 16;
const SECTION = { type: 1, function: 3, memory: 5, export: 7, code: 10 } as const;
const EXPORT = { function: 0, memory: 2 } as const;
const FUNCTION_TYPE = 0x60;
/** Ends a function's body, and each block in it. */
export const END = 0x0b;

/** An unsigned integer in LEB128. */
export function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/**
 * Makes a WebAssembly module (https://webassembly.github.io/spec/core/binary/) of one function that works on a
 * memory of that many bytes. Throws if the engine finds the code invalid.
 */
export function instantiate({ parameters, locals, body }: WasmFunction, memoryBytes: number): WasmInstance {
  const types = (list: readonly WasmType[]) => list.map((type): Code => [TYPES[type]]);
  const code = [...sequence(types(locals).map((type) => [1, ...type])), ...body, END];
  const bytes = [
    ...[0x00, ...Buffer.from('asm')],
    ...[1, 0, 0, 0],
    ...section(SECTION.type, [[FUNCTION_TYPE, ...sequence(types(parameters)), 0]]),
    ...section(SECTION.function, [[0]]),
    ...section(SECTION.memory, [[0, ...unsigned(Math.ceil(memoryBytes / PAGE_BYTES))]]),
    ...section(SECTION.export, [
      [...name('memory'), EXPORT.memory, 0],
      [...name('run'), EXPORT.function, 0],
    ]),
    ...section(SECTION.code, [[...unsigned(code.length), ...code]]),
  ];
  const instance = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)));
  return instance.exports as WasmInstance;
}

function section(id: number, items: readonly Code[]): Code {
  const content = sequence(items);
  return [id, ...unsigned(content.length), ...content];
}

/** Items after their number. */
function sequence(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function name(text: string): Code {
  return sequence(Array.from(Buffer.from(text), (byte) => [byte]));
}
