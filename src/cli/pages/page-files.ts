import { join } from 'node:path';

/** Where the page of a stage is published. */
export function pageFile(artifacts: string, pipeline: string, stage: string): string {
  return join(pagesFolder(artifacts), pipeline, `${stage.replaceAll(/[/\\]/g, '-')}.html`);
}

/** The page that lists all pages. */
export function indexFile(artifacts: string): string {
  return join(pagesFolder(artifacts), 'index.html');
}

export function pagesFolder(artifacts: string): string {
  return join(artifacts, 'reports');
}
