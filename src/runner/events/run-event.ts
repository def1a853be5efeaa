import { type TProperties, Type } from 'typebox';
import { engineCandidateShape, engineNameShape } from '../../contract/engine-shapes.ts';
import type { Json } from '../../contract/json.ts';
import {
  anyJson,
  bytesShape,
  type Described,
  digestShape,
  exact,
  mapOf,
  millisecondsShape,
  oneOf,
  timeShape,
} from '../../contract/shapes.ts';
import { explanationShape } from './explanation.ts';

export const outcomeShape = oneOf(['hit', 'ran', 'failed', 'skipped', 'cancelled']);

/** Why a stage is a hit, runs, may run, or did not run. `message` is for people, the rest for programs. */
export const reasonShape = exact({
  code: oneOf([
    'cached',
    'cached-not-verified',
    'fetched',
    'never-run',
    'record-gone',
    'changed',
    'observed-changed',
    'output-lost',
    'forced',
    'always',
    'invalidated',
    'upstream',
    'upstream-failed',
    'failed',
    'cancelled',
    'finished-elsewhere',
  ]),
  message: Type.String({ description: 'the reason for people' }),
  changes: Type.Optional(
    Type.Array(
      exact({
        path: Type.String({ description: 'settings.learning_rate, inputs.model, env.SEED, version' }),
        before: Type.Optional(Type.Unsafe<Json | undefined>({ description: 'absent: it was not there' })),
        after: Type.Optional(
          Type.Unsafe<Json | undefined>({ description: 'absent: it is not there any more' }),
        ),
      }),
    ),
  ),
  compared_with: Type.Optional(
    Type.String({ description: 'another stage, which the changes are to; absent: to the stage itself' }),
  ),
  after: Type.Optional(Type.Array(Type.String(), { description: 'the stages that decide' })),
});

/** Stages of a run by how they ended. */
export const countsShape = exact({
  hit: Type.Integer(),
  ran: Type.Integer(),
  failed: Type.Integer(),
  skipped: Type.Integer(),
  cancelled: Type.Integer(),
});

function event<const Name extends string, Properties extends TProperties>(
  type: Name,
  description: string,
  properties: Properties,
) {
  return exact({ time: timeShape, type: Type.Literal(type), ...properties }, description);
}

const stage = Type.String({ description: 'id of the stage' });
const message = Type.String();
const hint = Type.Optional(Type.String({ description: 'what to do next' }));
const log = Type.String({ description: 'path of what the stage printed' });

/**
 * Everything that is reported about a run, and one line of `pipe run --json`. Reporters see nothing else, and a
 * stored run replays from it.
 */
export const runEventShape = Type.Union(
  [
    event('run-started', 'First event of every run.', {
      run: Type.String({ description: 'id of the run' }),
      pipeline: Type.String(),
      file: Type.String(),
      jobs: Type.Integer({ minimum: 1 }),
      stages: Type.Array(exact({ stage, uses: Type.String(), needs: Type.Array(stage) })),
    }),
    event('tree-checked', 'Whether the commit that `run.json` names is all of the code, as git sees it.', {
      clean: Type.Boolean({ description: 'false: there are changes or new files that are not committed' }),
    }),
    event(
      'run-stopping',
      'It was interrupted: nothing more is started, and what runs may write a checkpoint.',
      {},
    ),
    event('tidied', 'What went because it was old; looked for once a day.', {
      runs: Type.Integer({ minimum: 0, description: 'folders of runs' }),
      work: Type.Integer({ minimum: 0, description: 'actions whose unfinished work went' }),
    }),
    event(
      'uploading',
      'The work is done, and results go on to the remote cache; again every second until all are there.',
      {
        results: Type.Integer({ minimum: 0, description: 'that are not there yet' }),
        sent_bytes: Type.Optional(bytesShape),
        total_bytes: Type.Optional(bytesShape),
      },
    ),
    event('stage-planned', 'What is known of a stage before anything runs.', {
      stage,
      state: oneOf(['hit', 'run', 'may-run']),
      reason: reasonShape,
    }),
    event('input-recorded', 'With --frozen: a file is absent, and the digest on record stands for it.', {
      stage,
      input: Type.String(),
      path: Type.String(),
      digest: digestShape,
    }),
    event('engine-chosen', 'What computes tensors in this run, and why.', {
      engine: engineNameShape,
      requested: Type.Union([engineNameShape, Type.Literal('auto')]),
      reason: Type.String(),
      candidates: Type.Array(engineCandidateShape),
    }),
    event('run-estimated', 'How long the run will take from now on, if stages take as long as before.', {
      left_ms: millisecondsShape,
      unknown: Type.Integer({
        minimum: 0,
        description: 'stages of which nobody knows how long they take: they count as taking no time',
      }),
    }),
    event('preflight-failed', 'What would have made stages fail; nothing was started.', {
      problems: Type.Array(
        exact({
          stage,
          message,
          hint,
          reason: Type.Optional({
            ...reasonShape,
            description: 'why it is stale, where --frozen keeps it from running',
          }),
        }),
      ),
    }),
    event('stage-started', 'An attempt starts.', {
      stage,
      action: digestShape,
      attempt: Type.Integer({ minimum: 1 }),
      reason: reasonShape,
      log,
      adopted: Type.Optional(
        Type.Literal(true, { description: 'an earlier run handed it in to other machines, and it goes on' }),
      ),
    }),
    event('stage-place', 'Where an attempt is that other machines take: in their queue, or on one of them.', {
      stage,
      waits: Type.Boolean({ description: 'true: it is in the queue' }),
      message,
    }),
    event('stage-engine', 'What computes tensors where the stage runs, on another machine, and why.', {
      stage,
      engine: engineNameShape,
      requested: Type.Union([engineNameShape, Type.Literal('auto')]),
      reason: Type.String(),
      candidates: Type.Array(engineCandidateShape),
    }),
    event('stage-explained', 'With --explain: why a stage runs, before its first attempt.', {
      stage,
      because: Type.Array(explanationShape, {
        description: 'that of the stage, then those that its causes refer to by their place',
      }),
    }),
    event('stage-progress', 'How far a stage is.', {
      stage,
      done: Type.Number(),
      total: Type.Union([Type.Number(), Type.Null()]),
      unit: Type.String(),
      metrics: Type.Optional(mapOf(Type.Union([Type.Number(), Type.String()]))),
    }),
    event('stage-log', 'What a stage says.', {
      stage,
      level: oneOf(
        ['info', 'warning', 'sample'],
        'sample: a text that a model has generated while it is trained',
      ),
      message,
      hint,
    }),
    event('stage-metric', 'What a stage measured.', { stage, name: Type.String(), value: Type.Number() }),
    event('stage-fact', 'How the work was done.', { stage, name: Type.String(), value: anyJson() }),
    event('stage-waiting', 'Another process is at work on the same action.', {
      stage,
      holder: Type.String(),
    }),
    event(
      'stage-displaced',
      'The machine was taken away from an attempt: another follows, and no failure is counted.',
      {
        stage,
        error: message,
        delay_ms: millisecondsShape,
      },
    ),
    event('stage-retrying', 'An attempt failed and another follows.', {
      stage,
      attempt: Type.Integer({ minimum: 2, description: 'the attempt that follows' }),
      of: Type.Integer({ minimum: 2 }),
      delay_ms: millisecondsShape,
      error: Type.String(),
    }),
    event('cache-problem', 'Something stored is damaged or gone; it is treated as not there.', {
      code: oneOf([
        'corrupt-object',
        'lost-object',
        'unreadable-record',
        'replaced-record',
        'run-not-stored',
        'remote-refused',
        'remote-unreachable',
        'remote-without-keys',
      ]),
      message,
      quarantined: Type.Optional(Type.String({ description: 'where the damaged bytes were put' })),
    }),
    event(
      'stage-finished',
      'How a stage ended, once for each; again for a hit whose outputs turn out to be lost when they are read: it is rebuilt, and the last event counts.',
      {
        stage,
        outcome: outcomeShape,
        reason: reasonShape,
        duration_ms: millisecondsShape,
        action: Type.Optional(digestShape),
        outputs: mapOf(exact({ digest: digestShape, bytes: bytesShape })),
        metrics: Type.Optional(
          mapOf(
            Type.Number({
              description: 'last value reported when the result was made, maybe in an earlier run',
            }),
          ),
        ),
        error: Type.Optional(exact({ message, hint })),
        log: Type.Optional(log),
      },
    ),
    event('run-finished', 'Last event of every run.', {
      outcome: oneOf(['succeeded', 'failed', 'cancelled']),
      duration_ms: millisecondsShape,
      counts: countsShape,
      next: Type.Optional(Type.String({ description: 'the command that continues the run' })),
    }),
  ],
  { title: 'pipe run --json', description: 'One event a line.' },
);

export type RunEvent = Described<typeof runEventShape>;
export type Outcome = Described<typeof outcomeShape>;
export type Reason = Described<typeof reasonShape>;
