import { join } from 'node:path';

/** Where the page of a stage is published. */
export function pageFile(artifacts: string, pipeline: string, stage: string): string {
  return join(pagesFolder(artifacts), pipeline, fileName(stage));
}

/** Where the page of a stage is put as a run made it: the list of all pages has only the last ones. */
export function pageOfRun(artifacts: string, pipeline: string, run: string, stage: string): string {
  return join(pagesFolder(artifacts), pipeline, run, fileName(stage));
}

function fileName(stage: string): string {
  return `${stage.replaceAll(/[/\\]/g, '-')}.html`;
}

/** The page that lists all pages. */
export function indexFile(artifacts: string): string {
  return join(pagesFolder(artifacts), 'index.html');
}

export function pagesFolder(artifacts: string): string {
  return join(artifacts, 'reports');
}
