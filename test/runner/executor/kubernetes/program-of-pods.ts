import { chmodSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { BINARY, type Project } from '../../../cli/rig.ts';

/** Puts the programs of the image into a folder of the project, and gives the PATH that pods have then. */
export function programOfPods(project: Project): string {
  project.write('bin/pipe', `#!/bin/sh\nexec node ${BINARY} "$@"\n`);
  // The program of jobs is found next to `pipe`, wherever a link leads.
  project.write('bin/job-host.cjs', `require(${JSON.stringify(join(dirname(BINARY), 'job-host.cjs'))});`);
  chmodSync(project.path('bin/pipe'), 0o755);
  return `${project.path('bin')}${delimiter}${process.env.PATH}`;
}
