import { availableParallelism } from 'node:os';
import type { JsonObject } from '../../../contract/json.ts';
import { type InputArtifact, StageError } from '../../../contract/stage-context.ts';
import { outsideText } from '../../../network/outside-text.ts';
import {
  type LanguageModel,
  type ModelReply,
  type Question,
  QuestionTooLong,
  UnfinishedReply,
} from '../language-model/language-model.ts';
import { replySchema, withSeed } from '../language-model/model-settings.ts';
import type { SettingsOf } from '../settings.ts';
import { type Llama, type LlamaModel, type LlamaPackage, loadLlamaPackage } from './llama-package.ts';

type Settings = SettingsOf<'llama-cpp'>;

const CONTEXT_TOKENS = 2048;
const MOST_TOKENS = 1024;
/** What the chat template of a model adds to a question. */
const TEMPLATE_TOKENS = 32;

interface Loaded {
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly llamaPackage: LlamaPackage;
}

/**
 * A GGUF file in llama.cpp. It is loaded with the first question. Each question has a context of its own, so no reply
 * depends on those before it, and a question that is too long is refused: llama.cpp would leave out its beginning.
 */
export class LlamaCppModel implements LanguageModel {
  readonly identity: JsonObject;
  readonly context: { readonly tokens: number; readonly setting: string };
  readonly #settings: Settings;
  readonly #path: string;
  readonly #signal: AbortSignal;
  #loaded: Promise<Loaded> | undefined;

  constructor(settings: Settings, model: InputArtifact, version: string, signal: AbortSignal) {
    const { options = {}, format, max_tokens = MOST_TOKENS } = settings.judge;
    this.#settings = settings;
    this.#path = model.path;
    this.#signal = signal;
    this.context = { tokens: options.num_ctx ?? CONTEXT_TOKENS, setting: 'options.num_ctx' };
    this.identity = {
      server: 'llama-cpp',
      version,
      model_digest: model.digest,
      options,
      max_tokens,
      ...(format !== undefined && { format: replySchema(format) }),
    };
  }

  async ask(question: Question, signal: AbortSignal): Promise<ModelReply> {
    this.#loaded ??= this.#load();
    const { model, llamaPackage } = await this.#loaded;
    const tokens = model.tokenize(question.text).length + TEMPLATE_TOKENS;
    if (tokens >= this.context.tokens) throw new QuestionTooLong();
    const { reply_timeout } = this.#settings;
    const late = AbortSignal.timeout(reply_timeout * 1000);
    const context = await model.createContext({ contextSize: this.context.tokens });
    try {
      const session = new llamaPackage.LlamaChatSession({ contextSequence: context.getSequence() });
      const { responseText, stopReason } = await session.promptWithMeta(question.text, {
        ...(await this.#options(question, tokens)),
        signal: AbortSignal.any([signal, late]),
      });
      return {
        content: responseText,
        end: stopReason === 'maxTokens' ? 'length' : 'stop',
        reply_tokens: model.tokenize(responseText).length,
      };
    } catch (error) {
      signal.throwIfAborted();
      if (late.aborted) throw new UnfinishedReply('', reply_timeout);
      throw error;
    } finally {
      await context.dispose();
    }
  }

  async close(): Promise<void> {
    const loaded = await this.#loaded?.catch(() => undefined);
    await loaded?.llama.dispose();
  }

  async #load(): Promise<Loaded> {
    const llamaPackage = await loadLlamaPackage();
    const { threads = Math.max(1, availableParallelism() - 1) } = this.#settings.judge;
    const llama = await llamaPackage.getLlama({
      gpu: 'auto',
      build: 'never',
      logLevel: 'error',
      maxThreads: threads,
    });
    const model = await this.#loadModel(llama);
    // Models with learned positions end the whole process beyond them.
    if (this.context.tokens > model.trainContextSize) {
      throw new StageError(`The input model has a context of ${model.trainContextSize} tokens.`, {
        hint: `Set \`options.num_ctx\` to at most that; it is ${this.context.tokens}.`,
      });
    }
    return { llama, model, llamaPackage };
  }

  async #loadModel(llama: Llama): Promise<LlamaModel> {
    try {
      return await llama.loadModel({ modelPath: this.#path, loadSignal: this.#signal });
    } catch (error) {
      this.#signal.throwIfAborted();
      const words = outsideText(error instanceof Error ? error.message : String(error));
      throw new StageError(`llama.cpp cannot load the input model: ${words}.`, {
        hint: 'Is it a GGUF file of a model that this version of node-llama-cpp knows?',
        cause: error,
      });
    }
  }

  async #options({ asks, repeat }: Question, tokens: number): Promise<Readonly<Record<string, unknown>>> {
    const { options = {}, format, max_tokens = MOST_TOKENS } = this.#settings.judge;
    const { seed, temperature = 0, top_k, top_p } = withSeed(options, repeat);
    return {
      // Beyond the context llama.cpp would forget the question.
      maxTokens: Math.min(max_tokens, this.context.tokens - tokens),
      temperature,
      ...(seed !== undefined && { seed }),
      ...(top_k !== undefined && { topK: top_k }),
      ...(top_p !== undefined && { topP: top_p }),
      ...(asks === 'score' && format !== undefined && { grammar: await this.#grammar(format) }),
    };
  }

  async #grammar(format: NonNullable<Settings['judge']['format']>): Promise<unknown> {
    const { llama } = await this.#loaded!;
    const schema = replySchema(format);
    return schema === 'json'
      ? await llama.getGrammarFor('json')
      : await llama.createGrammarForJsonSchema(schema);
  }
}
