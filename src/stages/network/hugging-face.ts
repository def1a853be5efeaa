import { StageError } from '../../contract/stage-context.ts';
import type { World } from '../../contract/world.ts';

const ADDRESS = 'https://huggingface.co';
const TOKEN = 'HF_TOKEN';

/** Where Hugging Face is: HF_ENDPOINT for a mirror, without a slash at its end. */
export function huggingFaceAddress({ environment }: Pick<World, 'environment'>): string {
  return (environment.HF_ENDPOINT?.trim() || ADDRESS).replace(/\/+$/, '');
}

/**
 * The header that proves who asks for a file of Hugging Face: HF_TOKEN, if the pipeline declares it under `secrets`. Undefined for
 * every other address. Throws StageError for a token that is none.
 */
export function huggingFaceAuthorization(
  url: string,
  world: Pick<World, 'environment' | 'secret'>,
): string | undefined {
  const token = world.secret(TOKEN);
  if (token === undefined || !isHuggingFace(url, world)) return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`;
  throw new StageError(`${TOKEN} holds characters that no token has.`, {
    hint: 'Copy the token again: https://huggingface.co/settings/tokens',
  });
}

/** What to do when a server wants to know who asks. */
export function loginHint(url: string, world: Pick<World, 'environment' | 'secret'>): string {
  if (!isHuggingFace(url, world)) {
    return `The server wants a login; only public files can be downloaded. ${TOKEN}, under \`secrets\` of the stage, is sent to ${huggingFaceAddress(world)} alone; HF_ENDPOINT names a mirror.`;
  }
  if (world.secret(TOKEN) === undefined) {
    return `The repository is private, gated or not there. Set ${TOKEN} and add to the stage: secrets: [${TOKEN}]`;
  }
  return `The token in ${TOKEN} may not read it: check the name of the repository, and ask for access on its page.`;
}

function isHuggingFace(url: string, world: Pick<World, 'environment'>): boolean {
  const address = huggingFaceAddress(world);
  return URL.canParse(address) && URL.canParse(url) && new URL(url).origin === new URL(address).origin;
}
