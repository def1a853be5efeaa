import type { Reporter, TestModule } from 'vitest/node';

/** Says at the end which files had tests that were skipped: what needs data or a program that is not here. */
export default class Skipped implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = modules.flatMap((module) => {
      const count = [...module.children.allTests('skipped')].length;
      return count > 0 ? [`  ${module.relativeModuleId}: ${count}`] : [];
    });
    if (lines.length > 0) {
      console.log(
        `Skipped tests, for which something is missing here (the book's records: PIPE_BOOK_DATA; a browser: PIPE_CHROMIUM; tmux; packages: CONTRIBUTING.md):\n${lines.join('\n')}`,
      );
    }
  }
}
