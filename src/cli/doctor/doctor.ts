import { join } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../exit-code.ts';
import { addArtifactsOption } from '../open/pipeline-options.ts';
import { projectRoot } from '../open/project-root.ts';

const EXAMPLES = `
Examples:
  pipe doctor
  pipe doctor --json    the same for programs (schemas/doctor.schema.json)

The rate is measured with a product of two float32 matrices. Exit code 1: pipelines cannot run here.`;

/** `pipe doctor`: what this machine offers, and how to get what it lacks. */
export function doctorCommand(program: Command): void {
  addArtifactsOption(program.command('doctor'))
    .description('examine this machine: Node, memory, disk, engines and their speed, Ollama')
    .option('--json', 'print a JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { readonly artifacts?: string; readonly json?: true }) => {
      const { examineMachine } = await import('./doctor-report.ts');
      const report = await examineMachine(options.artifacts ?? join(projectRoot('.'), 'artifacts'));
      const { doctorLines } = await import('./doctor-text.ts');
      const { paintFor } = await import('../../terminal/paint.ts');
      const { show, visibleJson } = await import('../../terminal/show.ts');
      const text = options.json
        ? visibleJson(report, 2)
        : doctorLines(report, paintFor(process.stdout)).join('\n');
      show(process.stdout, text);
      process.exitCode = report.ready ? EXIT.done : EXIT.failed;
    });
}
