import type { Command } from 'commander';
import type { AddKeyOptions } from './change-trust.ts';

const EXAMPLES = `
Examples:
  pipe trust create                                 make a key for this user, and believe it in this project
  pipe trust show                                   whose results this project believes
  pipe trust add ci ed25519:KEY --scope main      believe what CI signs for main
  pipe trust add pulls ed25519:KEY --scope 'pr/*'   believe these of pull requests, each for itself
  pipe trust revoke ci                              believe it no more, and forget what came from it

Keys are in pipe-trust.json, in the root of the project. Private keys never leave this user's folder.`;

/** `pipe trust`: whose results a project believes. */
export function trustCommand(program: Command): void {
  const trust = program
    .command('trust')
    .description('say whose results from a remote cache are believed')
    .addHelpText('after', EXAMPLES);
  trust
    .command('create')
    .description('make a key that signs what this user uploads')
    .option('--name <name>', 'what the project calls the key (default: user@host)')
    .option('--scope <scope>', 'what it may write; may be repeated', repeated)
    .action(async (options: AddKeyOptions & { readonly name?: string }) => {
      const { createKey } = await import('./change-trust.ts');
      createKey(options);
    });
  trust
    .command('show')
    .description('list the keys that this project believes')
    .action(async () => {
      const { showKeys } = await import('./change-trust.ts');
      showKeys();
    });
  trust
    .command('add')
    .description('believe what a key signs')
    .argument('<name>', 'what the project calls the key')
    .argument('<key>', 'ed25519:…, as pipe trust show prints it')
    .option('--scope <scope>', 'what it may write; may be repeated (default: main)', repeated)
    .action(async (name: string, key: string, options: AddKeyOptions) => {
      const { addKey } = await import('./change-trust.ts');
      addKey(name, key, options);
    });
  trust
    .command('revoke')
    .description('believe a key no more, and forget the results that came from it')
    .argument('<name>', 'what the project calls the key')
    .action(async (name: string) => {
      const { revokeKey } = await import('./change-trust.ts');
      await revokeKey(name);
    });
}

function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
