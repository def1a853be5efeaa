import { StageError } from '../../../contract/stage-context.ts';
import { namesIn, textTemplate } from '../../../text/prompt/jinja.ts';
import { expectedOutput, type Response } from '../../../text/responses.ts';
import type { Judgement } from '../../../text/scores.ts';
import type { JudgeContext, ReadyJudge } from '../judge-contract.ts';
import { type Criterion, criterionText, weightedScore } from './criteria.ts';
import {
  type LanguageModel,
  type ModelReply,
  type Question,
  QuestionTooLong,
  UnfinishedReply,
} from './language-model.ts';
import { type Place, readOtherResponses, readPreference, scoreOfOrders } from './pairwise.ts';
import { type ReplyEnd, readScore } from './read-score.ts';

/** What the settings of every kind of language model have. */
export interface AskingSettings {
  readonly prompt: string;
  readonly instructions: string;
  readonly ask_again?: number;
  readonly repeats?: number;
  readonly criteria?: readonly Criterion[];
  readonly pairwise?: boolean;
  readonly fields?: readonly string[];
}

/** Asks for one item. Throws what the model throws. */
type Ask = (question: Question) => Promise<ModelReply>;

/** Makes a score of a reply. */
type Reader = (reply: string, end: ReplyEnd) => Pick<Judgement, 'score' | 'reason'>;
type Scored = Pick<Judgement, 'score' | 'reason' | 'reply'> & {
  /** Of a response that was scored several times. */
  readonly replies?: readonly string[];
  readonly scores?: readonly number[];
  readonly spread?: number;
};

/** Encodings of today's models have 3 to 5 bytes a token in most languages. What has more than this does not fit. */
const MOST_BYTES_PER_TOKEN = 6;
const BYTES_PER_TOKEN = 4;

/**
 * Asks a language model to score every response, and for a verdict in free text on the first `rationales` ones. A pairwise
 * judge compares each with the one of `other_responses`, in both orders. Replies are kept in the item memory, unreadable
 * ones too. Throws StageError for a prompt that is not Jinja, and if there is nothing to compare with.
 */
export async function languageModelJudge(
  model: LanguageModel,
  {
    prompt,
    instructions,
    ask_again = 0,
    repeats = 1,
    criteria,
    pairwise = false,
    fields = [],
  }: AskingSettings,
  rationales: number,
  { memo, inputs }: Pick<JudgeContext, 'memo' | 'inputs'>,
): Promise<ReadyJudge> {
  const questionOf = textTemplate("The judge's `prompt`", prompt);
  const asksForOutput = namesIn(prompt).has('output');
  const others = pairwise ? await readOtherResponses(inputs) : undefined;
  const { context } = model;
  const mostTokens = context?.tokens ?? Number.POSITIVE_INFINITY;
  const tooLong = `the question does not fit into the model's context${context ? ` of ${context.tokens} tokens (\`${context.setting}\`)` : ''}`;

  return {
    async judge(response, index, signal) {
      checkFields(response, index);
      if (asksForOutput) expectedOutput(response, index, 'the prompt of the judge asks with');
      let spent_tokens = 0;
      const ask: Ask = async (question) => {
        const reply = await memo({ ...model.identity, ...question }, () => model.ask(question, signal));
        spent_tokens += tokensOf(question, reply);
        return reply;
      };
      const ours = response.model_response;
      const other = others?.[index]?.model_response;
      const text = textOf(response, other === undefined ? {} : { response_a: ours, response_b: other });
      const scored =
        other === undefined
          ? await overallScore(text, readScore, ask)
          : scoreOfOrders([
              await overallScore(text, preferenceFor('A'), ask),
              await overallScore(
                textOf(response, { response_a: other, response_b: ours }),
                preferenceFor('B'),
                ask,
              ),
            ]);
      const verdict = index < rationales && (await verdictOf(text, ask));
      return { index, ...scored, ...verdict, spent_tokens };
    },
  };

  function checkFields(response: Response, index: number): void {
    const missing = fields.find((field) => !Object.hasOwn(response, field));
    if (missing === undefined) return;
    throw new StageError(
      `Item ${index} of the responses has no \`${missing}\`, which the judge's \`fields\` name.`,
    );
  }

  function textOf(response: Response, more: Readonly<Record<string, string>>): string {
    // Half of a surrogate pair is no text that a server could be sent.
    return questionOf({ ...response, ...more }).toWellFormed();
  }

  async function overallScore(text: string, read: Reader, ask: Ask): Promise<Omit<Judgement, 'index'>> {
    if (criteria === undefined) return await scoreOf(text + instructions, read, ask);
    const scored: Scored[] = [];
    for (const criterion of criteria)
      scored.push(await scoreOf(text + criterionText(criterion) + instructions, read, ask));
    return weightedScore(criteria, scored);
  }

  async function scoreOf(text: string, read: Reader, ask: Ask): Promise<Scored> {
    if (cannotFit(text)) return { score: null, reason: tooLong };
    const first = await readableScore(text, 0, read, ask);
    if (repeats === 1 || first.reason === tooLong) return first;
    const all = [first];
    while (all.length < repeats) all.push(await readableScore(text, all.length, read, ask));
    return meanOf(all);
  }

  /** The score of one repetition. Each has seeds of its own: first those of the repetitions, then those of further tries. */
  async function readableScore(text: string, repetition: number, read: Reader, ask: Ask): Promise<Scored> {
    for (let tries = 0; ; tries++) {
      const repeat = repetition + tries * repeats;
      const scored = await scoreOnce({ text, asks: 'score', repeat }, read, ask);
      if (scored.score !== null || tries === ask_again || scored.reason === tooLong) return scored;
    }
  }

  async function scoreOnce(question: Question, read: Reader, ask: Ask): Promise<Scored> {
    try {
      const reply = await ask(question);
      const cut = (reply.prompt_tokens ?? 0) >= mostTokens;
      const reading = cut ? { score: null, reason: tooLong } : read(reply.content, reply.end);
      return { ...reading, reply: reply.content };
    } catch (error) {
      if (error instanceof UnfinishedReply)
        return { score: null, reason: error.message, reply: error.content };
      if (error instanceof QuestionTooLong) return { score: null, reason: tooLong };
      throw error;
    }
  }

  async function verdictOf(text: string, ask: Ask): Promise<Pick<Judgement, 'rationale'>> {
    if (cannotFit(text)) return {};
    try {
      return { rationale: (await ask({ text, asks: 'verdict', repeat: 0 })).content };
    } catch (error) {
      if (error instanceof UnfinishedReply) return { rationale: error.content };
      if (error instanceof QuestionTooLong) return {};
      throw error;
    }
  }

  function cannotFit(text: string): boolean {
    return Buffer.byteLength(text) > MOST_BYTES_PER_TOKEN * mostTokens;
  }
}

/** What a question and its reply took, as the server counted it, else a token for every 4 bytes. */
function tokensOf({ text }: Question, { content, prompt_tokens, reply_tokens }: ModelReply): number {
  const ofBytes = (text: string) => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
  return (prompt_tokens ?? ofBytes(text)) + (reply_tokens ?? ofBytes(content));
}

/** Reads how the response that stands there fared. */
function preferenceFor(place: Place): Reader {
  return (reply, end) => readPreference(reply, end, place);
}

/** One score for several of the same response: their mean, and how far they spread (their standard deviation). */
function meanOf(all: readonly Scored[]): Scored {
  const scores = all.flatMap(({ score }) => (score === null ? [] : [score]));
  const replies = all.flatMap(({ reply }) => (reply === undefined ? [] : [reply]));
  if (scores.length === 0) return { ...all[0]!, replies };
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  const spread = scores.length > 1 && { spread: Math.sqrt(squares / (scores.length - 1)) };
  return { score: mean, reply: replies[0]!, replies, scores, ...spread };
}
