import { show, visibleJson } from '../../terminal/show.ts';
import { counted } from '../../terminal/units.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { PushDocument } from '../json-shapes/transfer.ts';
import { UserError } from '../user-error.ts';
import { openTransfer, type TransferOptions } from './open-transfer.ts';
import { TransferView } from './transfer-view.ts';

/**
 * Uploads every result of a pipeline that is up to date. Returns the code to exit with: 1 where the store could not be used.
 * Throws a UserError without a remote cache or a key to sign with.
 */
export async function push(file: string, options: TransferOptions): Promise<ExitCode> {
  const { stages, workspace, problems } = await openTransfer(file, options);
  const { remote, objects } = workspace;
  if (!remote.canUpload)
    throw new UserError('there is no key to sign with', 'make one with: pipe trust create');
  const ready = stages.filter(({ state, record }) => state === 'hit' && record !== undefined);
  for (const { record } of ready) remote.upload(record!, objects);
  const cancelled = new AbortController();
  const interrupt = () => cancelled.abort();
  process.once('SIGINT', interrupt);
  const view = new TransferView(process.stderr, 'uploading', () => remote.transferred.sent);
  problems.shownBy(view);
  await view.during(remote.finish(cancelled.signal));
  process.off('SIGINT', interrupt);
  const complete = problems.messages.length === 0 && !cancelled.signal.aborted;
  const stale = stages.filter((stage) => !ready.includes(stage)).map(({ stage }) => stage.id);
  if (options.json) {
    const document: PushDocument = {
      ...{ remote: remote.address, file, complete, problems: problems.messages },
      ...{ results: complete ? ready.map(({ stage }) => stage.id) : [], stale },
      sent_bytes: remote.transferred.sent.done,
    };
    show(process.stdout, visibleJson(document, 2));
  } else if (complete) {
    const left = stale.length === 0 ? '' : `; ${counted(stale.length, 'stage')} not up to date`;
    show(process.stdout, `${counted(ready.length, 'result')} of ${file} in ${remote.address}${left}`);
  }
  if (cancelled.signal.aborted) return EXIT.interrupted;
  return complete ? EXIT.done : EXIT.failed;
}
