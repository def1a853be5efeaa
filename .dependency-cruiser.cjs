/** Holds the arrows of docs/architecture.md. A room may import only what is listed; types count as imports. */
const ROOMS = {
  contract: [],
  files: ['contract'],
  terminal: [],
  html: [],
  cache: ['contract', 'files'],
  pipeline: ['contract', 'files', 'terminal'],
  runner: ['contract', 'files', 'pipeline', 'cache'],
  reporters: ['contract', 'runner/events', 'terminal'],
  'stage-process': ['contract', 'files'],
  'own-stages': ['contract', 'files'],
  statistics: [],
  comparison: ['contract', 'statistics'],
  text: ['contract'],
  batch: [],
  engine: ['contract'],
  model: ['contract', 'text', 'batch', 'engine'],
  training: ['contract', 'files', 'statistics', 'text', 'batch', 'model'],
  stages: [
    'contract',
    'files',
    'html',
    'statistics',
    'comparison',
    'text',
    'batch',
    'model',
    'training',
    'engine',
  ],
  cli: [
    'contract',
    'files',
    'own-stages',
    'terminal',
    'cache',
    'pipeline',
    'runner',
    'reporters',
    'statistics',
    'comparison',
    'html',
    'stages',
    'engine',
  ],
};

const roomRule = ([room, allowed]) => ({
  name: `${room}-imports`,
  severity: 'error',
  comment: `src/${room} may import only ${allowed.join(', ') || 'itself'} (docs/architecture.md)`,
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
});

module.exports = {
  forbidden: [
    ...Object.entries(ROOMS).map(roomRule),
    {
      name: 'programs-import-their-room',
      severity: 'error',
      comment: 'the programs of src/ start a room, and nothing imports them',
      from: { path: '^src/[^/]+/' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'engine-names-backends',
      severity: 'error',
      comment: 'nothing but src/engine names a TensorFlow.js backend',
      from: { path: '^src/', pathNot: '^src/engine/' },
      to: { path: 'tfjs-(backend|node)|onnxruntime|^webgpu$' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      // js-tiktoken's vocabulary is in the bundle: 0.5 MB of a package of 22. The script of a page is text there.
      from: {
        path: '^src/',
        pathNot: '^src/(text/tokenizer/gpt2-vocabulary|stages/report/bundle-page-script)\\.ts$',
      },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
