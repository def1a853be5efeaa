import { type JobProgram, jobScriptHead, quoted } from '../job-script.ts';

/** The script of one array of jobs, one attempt an index. It holds paths alone. */
export function batchScript(
  attempts: readonly { readonly directory: string; readonly log: string }[],
  program: JobProgram,
): string {
  const cases = attempts.map(
    ({ directory, log }, index) => `${index}) attempt ${quoted(directory)} ${quoted(log)} ;;`,
  );
  return `${jobScriptHead(program)}
case "\${SLURM_ARRAY_TASK_ID:-0}" in
${cases.join('\n')}
esac
`;
}
