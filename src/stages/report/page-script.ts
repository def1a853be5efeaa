import { join } from 'node:path';
import { bundlePageScript } from './bundle-page-script.ts';

/**
 * The program of the page. It is bundled here where pipe runs from its sources; in dist/ the text itself stands in its
 * place (scripts/build-plugins.mjs), so the package needs no bundler.
 */
export const pageScript: string = bundlePageScript(join(import.meta.dirname, 'page-script'));
