#!/usr/bin/env node
import module from 'node:module';

// Node 22 and later keep compiled code between runs; it helps only modules that are imported after this call.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();

const { runCommandLine } = await import('./command-line.ts');
await runCommandLine(process.argv.slice(2));
