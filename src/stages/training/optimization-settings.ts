import { type Static, Type } from 'typebox';

/** The settings of every stage that trains: how a loss is minimised, measured and saved. */
export const optimizationSettings = Type.Object(
  {
    learning_rate: Type.Number({
      affects: 'result',
      default: 5e-5,
      exclusiveMinimum: 0,
      description: 'Learning rate of AdamW: of every update or, with a warm-up or a schedule, the highest.',
    }),
    schedule: Type.Union([Type.Literal('constant'), Type.Literal('cosine')], {
      affects: 'result',
      legacy: 'constant',
      default: 'constant',
      description:
        'Learning rate after the warm-up. `constant`: `learning_rate` to the end. `cosine`: down to `minimum_learning_rate` in half a wave, as in appendix D of the book: with w of n updates for the warm-up, update i (the first is 0) has the rate `minimum + (peak - minimum) * (1 + cos(pi * (i - w) / (n - w))) / 2`.',
    }),
    warmup: Type.Number({
      affects: 'result',
      legacy: 0,
      default: 0,
      minimum: 0,
      description:
        'Updates in which the learning rate rises from `initial_learning_rate` to `learning_rate`, in equal steps: update i of w has `initial + i * (peak - initial) / w`, as in appendix D of the book. A number below 1 is a share of all updates: 0.2, a fifth of them, is what the book takes.',
    }),
    initial_learning_rate: Type.Number({
      affects: 'result',
      legacy: 0,
      default: 0,
      minimum: 0,
      description: 'Learning rate of the first update of a warm-up; 3e-5 in the book.',
    }),
    minimum_learning_rate: Type.Number({
      affects: 'result',
      legacy: 0,
      default: 0,
      minimum: 0,
      description: 'Learning rate that `schedule: cosine` ends at; 1e-6 in the book.',
    }),
    max_grad_norm: Type.Number({
      affects: 'result',
      legacy: 0,
      default: 0,
      minimum: 0,
      description:
        'Clipping: where the norm of all gradients of an update together is higher, they are scaled down to this one, exactly as `torch.nn.utils.clip_grad_norm_` does; 0 leaves them as they are. The book takes 1 and clips after the warm-up; here every update is clipped. The history has the norms before clipping.',
    }),
    epochs: Type.Integer({
      affects: 'result',
      default: 2,
      minimum: 0,
      description: 'Passes over the training texts; 0 only measures the losses and copies the model.',
    }),
    batch_size: Type.Integer({
      affects: 'result',
      default: 8,
      minimum: 1,
      description:
        'Texts that are computed at once; an epoch leaves out what does not fill the batches of an update.',
    }),
    gradient_accumulation: Type.Integer({
      affects: 'result',
      legacy: 1,
      default: 1,
      minimum: 1,
      description:
        'Batches in one update, for less memory: batches of 4 with 2 of them in an update are the same training as batches of 8, but for rounding. Losses are measured on as many texts as an update has.',
    }),
    seed: Type.Integer({
      affects: 'result',
      default: 123,
      minimum: 0,
      description: 'Seed of the order of the texts, of what an adapter begins with and of what is dropped.',
    }),
    shuffle: Type.Union([Type.Literal('pytorch'), Type.Literal('seeded'), Type.Literal('none')], {
      affects: 'result',
      default: 'pytorch',
      description:
        'Order of the texts. `pytorch`: a new one in each epoch, exactly that of data loaders of PyTorch after `torch.manual_seed(seed)`, so that a run can be compared with one in PyTorch step by step; there, each measurement of the losses draws from the same generator and so changes the order of later epochs. `seeded`: a new one in each epoch too, which the seed alone decides; `eval_every` and `eval_batches` do not, and losses are measured on the same training texts each time. `none`: the order of the records in each epoch.',
    }),
    weight_decay: Type.Number({
      affects: 'result',
      default: 0.1,
      minimum: 0,
      description: 'Decoupled weight decay of AdamW, on the parameters that `weight_decay_on` names.',
    }),
    weight_decay_on: Type.Union([Type.Literal('all'), Type.Literal('matrices')], {
      affects: 'result',
      legacy: 'all',
      default: 'all',
      description:
        'What decays. `all`: every parameter, as in the book. `matrices`: parameters of two dimensions, which leaves out biases and layer norms; the embeddings of tokens and positions are matrices and decay, as in nanoGPT, because a tied head is the embedding of tokens.',
    }),
    betas: Type.Array(Type.Number({ minimum: 0, exclusiveMaximum: 1 }), {
      affects: 'result',
      default: [0.9, 0.999],
      minItems: 2,
      maxItems: 2,
      description: 'Decay of the running averages of the gradient and of its square.',
    }),
    epsilon: Type.Number({
      affects: 'result',
      default: 1e-8,
      exclusiveMinimum: 0,
      description: 'Added to the denominator of an AdamW update.',
    }),
    max_length: Type.Integer({
      affects: 'result',
      default: 1024,
      minimum: 1,
      description:
        "Longest row of a batch, in tokens: the book's `allowed_max_length`. Of a longer text (prompt and response together) only the first `max_length` tokens are inputs and only the tokens after each of these are targets; the rest is left out of training and evaluation, and a warning says of how many texts. Never more than the model's positions.",
    }),
    eval_every: Type.Integer({
      affects: 'result',
      default: 5,
      minimum: 1,
      description:
        'Updates between two measurements of the losses; with `shuffle: pytorch` each one moves the order of later epochs.',
    }),
    eval_batches: Type.Integer({
      affects: 'result',
      default: 5,
      minimum: 1,
      description: 'Batches of either data set on which the losses are measured.',
    }),
    keep: Type.Union([Type.Literal('last'), Type.Literal('best')], {
      affects: 'result',
      legacy: 'last',
      default: 'last',
      description:
        'Which model is the result. `last`: that after the last update. `best`: that of the evaluation with the lowest validation loss, the first of equals, the one before training included. Its weights wait on the disk, and are written each time that the validation loss is lower than ever; history, learning curve and samples say which it was.',
    }),
    early_stopping: Type.Optional(
      Type.Object(
        {
          patience: Type.Integer({
            minimum: 1,
            description: 'Evaluations in a row without an improvement, after which the training ends.',
          }),
          min_delta: Type.Number({
            default: 0,
            minimum: 0,
            description: 'An improvement is a loss lower by more than this than the lowest before.',
          }),
        },
        {
          additionalProperties: false,
          affects: 'result',
          description:
            'Ends the training when the validation loss stops improving: `{patience: 3}`, with `min_delta: 0.01` if small improvements should not count. The evaluations are those of `eval_every`, beginning with the one before training. The learning rate follows its schedule for all `epochs`, as if the training were not to end early.',
        },
      ),
    ),
    sample_tokens: Type.Integer({
      affects: 'result',
      default: 50,
      minimum: 0,
      description: "Longest sample, in tokens: how the model continues the first validation text's prompt.",
    }),
    gradient_checkpointing: Type.Boolean({
      affects: 'execution',
      default: false,
      description:
        "Whether only what goes into each block is kept for the way back, and the block's way forward is then made again: the same result, to the last bit, from much less memory, in up to a third more time. For long texts, deep models and larger batches. It has nothing to do with the checkpoints of `checkpoint_every`.",
    }),
    checkpoint_every: Type.Number({
      affects: 'execution',
      default: 5,
      minimum: 0,
      description: 'Minutes between two checkpoints; 0 writes one after each update.',
    }),
  },
  { additionalProperties: false },
);
export type OptimizationSettings = Static<typeof optimizationSettings>;
