import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fittingFileName } from '../../../contract/file-name.ts';
import { type Json, plainText } from '../../../contract/json.ts';
import type { Point, TrackedRun } from '../tracked-run.ts';
import { double, type Field, float, floats, integer, message, text } from './protobuf.ts';
import { tfRecord } from './tf-record.ts';

/** Numbers of fields in tensorboard/compat/proto: event.proto, summary.proto, and plugins/hparams/plugin_data.proto. */
const EVENT = { wall_time: 1, step: 2, file_version: 3, summary: 5 };
const SUMMARY = { value: 1 };
const VALUE = { tag: 1, simple_value: 2, tensor: 8, metadata: 9 };
const METADATA = { plugin_data: 1 };
const PLUGIN = { name: 1, content: 2 };
const HPARAMS = { session_start_info: 3, session_end_info: 4 };
const START = { hparams: 1, start_time_secs: 5 };
const END = { status: 1, end_time_secs: 2 };
const STATUS = { success: 1, failure: 2 };
const TENSOR = { dtype: 1, tensor_shape: 2, float_val: 5 };
const DT_FLOAT = 1;

/**
 * Writes a folder for each run, `RUN` or `RUN/VARIANT`, with an event file for TensorBoard: the parameters for its tab
 * HPARAMS, and a scalar for each value. A run that was exported before is written anew, under the same name.
 */
export async function writeTensorBoard(
  runs: readonly TrackedRun[],
  directory: string,
): Promise<readonly string[]> {
  const files: string[] = [];
  for (const run of runs) {
    const folder = join(directory, run.run, folderName(run.variant));
    await mkdir(folder, { recursive: true });
    const file = join(folder, `events.out.tfevents.${Math.floor(run.started / 1000)}.pipe`);
    await writeFile(file, eventFile(run));
    files.push(file);
  }
  return files;
}

/** The bytes of an event file. */
export function eventFile(run: TrackedRun): Buffer {
  const seconds = run.started / 1000;
  const events = [
    event(seconds, 0, text(EVENT.file_version, 'brain.Event:2')),
    event(seconds, 0, summary(sessionStart(run))),
    ...run.points.map(scalar),
    ...(run.finished === undefined ? [] : [event(run.finished / 1000, 0, summary(sessionEnd(run)))]),
  ];
  return Buffer.concat(events.map(tfRecord));
}

function scalar({ metric, step, time, value }: Point): Buffer {
  return event(
    time / 1000,
    step,
    summary(message(SUMMARY.value, text(VALUE.tag, metric), float(VALUE.simple_value, value))),
  );
}

function event(seconds: number, step: number, what: Field): Buffer {
  const steps = step === 0 ? [] : [integer(EVENT.step, step)];
  return Buffer.concat([double(EVENT.wall_time, seconds), ...steps, what]);
}

function summary(value: Field): Field {
  return message(EVENT.summary, value);
}

function sessionStart({ parameters, started }: TrackedRun): Field {
  const hparams = Object.entries(parameters).map(([name, value]) =>
    message(START.hparams, text(1, name), message(2, anyValue(value))),
  );
  return hparamsValue(
    '_hparams_/session_start_info',
    message(HPARAMS.session_start_info, ...hparams, double(START.start_time_secs, started / 1000)),
  );
}

function sessionEnd({ outcome, finished }: TrackedRun): Field {
  const status = outcome === 'succeeded' ? STATUS.success : STATUS.failure;
  return hparamsValue(
    '_hparams_/session_end_info',
    message(
      HPARAMS.session_end_info,
      integer(END.status, status),
      double(END.end_time_secs, finished! / 1000),
    ),
  );
}

/** What the tab HPARAMS reads: metadata, and a tensor of one zero that nobody looks at. */
function hparamsValue(tag: string, data: Field): Field {
  const oneZero = message(
    VALUE.tensor,
    integer(TENSOR.dtype, DT_FLOAT),
    message(TENSOR.tensor_shape, message(2, integer(1, 1))),
    floats(TENSOR.float_val, [0]),
  );
  const metadata = message(
    VALUE.metadata,
    message(METADATA.plugin_data, text(PLUGIN.name, 'hparams'), message(PLUGIN.content, data)),
  );
  return message(SUMMARY.value, text(VALUE.tag, tag), oneZero, metadata);
}

/** A google.protobuf.Value. */
function anyValue(value: Json): Field {
  if (typeof value === 'number') return double(2, value);
  if (typeof value === 'boolean') return integer(4, value ? 1 : 0);
  return text(3, plainText(value));
}

/** In the label of a variant anything may stand; the length of a name is limited. */
function folderName(variant: string): string {
  return fittingFileName(variant, variant.replaceAll(/[/\\%\0]|^\.+$/g, encodeURIComponent));
}
