import type { Paint } from '../../terminal/paint.ts';
import { bytes, counted, number } from '../../terminal/units.ts';
import type { DoctorReport } from '../json-shapes/doctor.ts';

/** A report for people: a line for each thing looked at, with a mark for what is missing. */
export function doctorLines(report: DoctorReport, paint: Paint): readonly string[] {
  const { node, platform, memory, artifacts, engines, ollama } = report;
  const good = paint('green', '✔');
  const bad = paint('red', '✖');
  const absent = paint('dim', '-');
  const row = (mark: string, name: string, text: string) => `${mark} ${name.padEnd(16)} ${text}`;
  return [
    row(
      node.supported ? good : bad,
      'node',
      `${node.version}${node.supported ? '' : ', but pipe needs 20.19 or later'}`,
    ),
    row(
      good,
      'platform',
      `${platform.system}, ${platform.architecture}, ${counted(platform.cores, 'core')}, ${platform.processor}`,
    ),
    row(good, 'memory', `${bytes(memory.total_bytes)}, ${bytes(memory.available_bytes)} available`),
    row(
      artifacts.writable ? good : bad,
      'artifacts',
      `${artifacts.directory}, ${artifacts.writable ? `${bytes(artifacts.free_bytes)} free` : 'is not a folder that can be written: give another with --artifacts'}`,
    ),
    '',
    paint('bold', 'Engines, best first'),
    ...engines.map(({ engine, usable, gflops, reason }) => {
      const rate = gflops === undefined ? '' : `${number(Number(gflops.toPrecision(3)))} GFLOP/s, `;
      return row(usable ? good : absent, engine, `${rate}${reason}`);
    }),
    '',
    paint('bold', 'Ollama (judges with a language model)'),
    ollama.reachable
      ? row(good, 'server', `${ollama.url}, version ${ollama.version}`)
      : row(absent, 'server', `${ollama.url} ${ollama.problem}`),
    ...(ollama.reachable
      ? [
          row(
            ollama.models.length > 0 ? good : absent,
            'models',
            ollama.models.join(', ') || 'none; get one with `ollama pull llama3`',
          ),
        ]
      : []),
  ];
}
