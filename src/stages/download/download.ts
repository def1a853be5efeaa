import { type Static, Type } from 'typebox';
import { defineStage, type OutputDeclaration, type Problem } from '../../contract/stage-type.ts';
import { maxBytes } from './max-bytes.ts';

const url = Type.String({
  affects: 'result',
  pinnedBy: 'sha256',
  pattern: '^https?://',
  description: 'Address of the file, http or https. Where it is pinned, only the digest counts.',
});
const sha256 = Type.String({
  affects: 'result',
  pattern: '^[0-9a-f]{64}$',
  description: 'Digest that the file must have, 64 lower-case hexadecimal digits (quoted).',
});

const settings = Type.Object(
  {
    url: Type.Optional(url),
    sha256: Type.Optional(sha256),
    name: Type.Optional(
      Type.String({
        affects: 'execution',
        pattern: '^(?!\\.\\.?$)[^/]+$',
        description: 'File name of the output `file`; by default the last part of the URL.',
      }),
    ),
    files: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_-]*$' }),
        Type.Object({ url, sha256: Type.Optional(sha256) }, { additionalProperties: false }),
        {
          affects: 'result',
          minProperties: 1,
          description: 'Several files, one output each, by output name.',
        },
      ),
    ),
    max_bytes: maxBytes,
  },
  { additionalProperties: false, oneOf: [{ required: ['url'] }, { required: ['files'] }] },
);
type Settings = Static<typeof settings>;

interface WantedFile {
  readonly output: string;
  readonly url: string;
  readonly sha256: string | undefined;
}

export const download = defineStage({
  uses: 'download',
  version: 1,
  summary: 'Downloads one or several files, pinned by digest where one is given.',
  example: `
data:
  uses: download
  with:
    url: https://raw.githubusercontent.com/rasbt/LLMs-from-scratch/main/ch07/01_main-chapter-code/instruction-data.json
`,
  settings,
  inputs: {},
  outputs: (settings) =>
    Object.fromEntries(
      wantedFiles(settings).map(({ output, url }): [string, OutputDeclaration] => [
        output,
        {
          artifact: 'file',
          path: settings.files === undefined ? (settings.name ?? lastPart(url) ?? output) : output,
          description: `The file at ${url.split(/[?#]/)[0]}`,
        },
      ]),
    ),
  downloadBytes: () => 'unknown',
  async preflight(settings): Promise<readonly Problem[]> {
    const { urlProblem } = await import('../../network/network-error.ts');
    return wantedFiles(settings).flatMap(({ url }) => {
      const message = urlProblem(url);
      return message === undefined ? [] : [{ message: `Cannot download: ${message}.` }];
    });
  },
  fetchesUnpinned: (settings) => wantedFiles(settings).some(({ sha256 }) => sha256 === undefined),
  pins: (settings, { outputs }) =>
    wantedFiles(settings).flatMap(({ output, sha256 }) =>
      sha256 === undefined
        ? [{ under: settings.files === undefined ? [] : ['files', output], sha256: outputs[output]! }]
        : [],
    ),
  async run(context) {
    const { downloadFile } = await import('../network/download-file.ts');
    const { takeOverDownload } = await import('../network/partial-file.ts');
    const { rename } = await import('node:fs/promises');
    const { join } = await import('node:path');
    const { huggingFaceAuthorization, loginHint } = await import('../network/hugging-face.ts');
    const { isDataFile } = await import('../network/unwanted-answer.ts');
    const wanted = wantedFiles(context.settings);
    for (const { output, url, sha256 } of wanted) {
      const destination = join(context.workDirectory, output);
      await takeOverDownload(destination, context.earlierWorkDirectories);
      const { digest, bytes } = await downloadFile({
        url,
        destination,
        sha256,
        isData: [lastPart(url), context.settings.name].some((name) => isDataFile(name ?? '')),
        authorization: huggingFaceAuthorization(url, context),
        loginHint: loginHint(url, context),
        maxBytes: context.settings.max_bytes,
        signal: context.signal,
        onProgress: (done, total) =>
          context.progress({ done, total, unit: 'bytes', metrics: { file: output } }),
        onRetry: (message) => context.warn(message),
      });
      context.log(`${output}: ${bytes} bytes, sha256 ${digest}`);
      if (sha256 === undefined)
        context.log(`To pin it, add under ${pinPlace(context.settings, output)}: sha256: "${digest}"`);
    }
    for (const { output } of wanted) {
      await rename(join(context.workDirectory, output), context.outputs[output]!);
    }
  },
});

function wantedFiles({ url, sha256, files }: Settings): readonly WantedFile[] {
  if (url !== undefined) return [{ output: 'file', url, sha256 }];
  return Object.entries(files ?? {}).map(([output, file]) => ({
    output,
    url: file.url,
    sha256: file.sha256,
  }));
}

function pinPlace({ url }: Settings, output: string): string {
  return url === undefined ? `\`with.files.${output}\`` : '`with`';
}

/** `data.json` of `https://host/dir/data.json?x=1`; undefined where the path ends in a slash. */
function lastPart(url: string): string | undefined {
  return URL.canParse(url) ? /[^/]+$/.exec(new URL(url).pathname)?.[0] : undefined;
}
