import { open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explained, orAbsent } from '../../files/system-problem.ts';
import { htmlDocument } from '../../html/document.ts';
import { html, type Markup, unescapeText } from '../../html/html.ts';
import { indexFile, pagesFolder } from './page-files.ts';

/** Title and verdict of a page stand in its first bytes. */
const HEAD_BYTES = 16_384;

interface Page {
  readonly file: string;
  readonly title: string;
  /** Its first lines; empty for a page that is not of ours. */
  readonly description: string;
}

/** Writes `reports/index.html`: every page of the folder by its pipeline, with its title and verdict. */
export async function writeIndex(artifacts: string): Promise<void> {
  const folder = pagesFolder(artifacts);
  const entries = (await orAbsent(readdir(folder, { withFileTypes: true }))) ?? [];
  const pipelines = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  const sections = await Promise.all(
    pipelines.map(async (pipeline) => section(pipeline, await pagesOf(join(folder, pipeline)))),
  );
  const path = indexFile(artifacts);
  await explained(`write ${path}`, () => writeFile(path, htmlDocument('Reports', sections)));
}

async function pagesOf(folder: string): Promise<Page[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.html')).sort();
  return await Promise.all(files.map(async (file) => ({ file, ...(await headOf(join(folder, file))) })));
}

/** What a page says of itself; its file's name stands for a title that it lacks. */
async function headOf(path: string): Promise<Omit<Page, 'file'>> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES);
    const head = buffer.toString('utf8', 0, bytesRead);
    const [, title = ''] = /<title>([^<]*)<\/title>/i.exec(head) ?? [];
    const [, description = ''] = /<meta name="description" content="([^"<]*)">/.exec(head) ?? [];
    return { title: unescapeText(title), description: unescapeText(description) };
  } finally {
    await file.close();
  }
}

function section(pipeline: string, pages: readonly Page[]): Markup | undefined {
  if (pages.length === 0) return undefined;
  return html`<section id="${pipeline}">
<h2>${pipeline}</h2>
${pages.map(
  ({ file, title, description }) => html`<article>
<h3><a href="${[pipeline, file].map(encodeURIComponent).join('/')}">${title || file}</a></h3>
<p>${description}</p>
<p><small>${file.replace(/\.html$/, '')}</small></p>
</article>
`,
)}</section>`;
}
