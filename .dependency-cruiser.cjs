/** Holds the arrows of docs/architecture.md: cli -> runner -> {pipeline, cache}; stages -> {text, model, training, engine}. */
const only = (from, allowed) => ({
  name: `${from}-imports`,
  severity: 'error',
  comment: `src/${from} may import only ${allowed.join(', ') || 'itself'} (docs/architecture.md)`,
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: `^src/(${[from, ...allowed].join('|')})/` },
});

module.exports = {
  forbidden: [
    only('contract', []),
    only('cache', ['contract']),
    only('pipeline', ['contract']),
    only('runner', ['contract', 'pipeline', 'cache']),
    only('engine', ['contract']),
    only('text', ['contract']),
    only('model', ['contract', 'text']),
    only('training', ['contract', 'text', 'model']),
    only('stages', ['contract', 'text', 'model', 'training', 'engine']),
    {
      name: 'engine-names-backends',
      severity: 'error',
      comment: 'nothing but src/engine names a TensorFlow.js backend',
      from: { path: '^src/', pathNot: '^src/engine/' },
      to: { path: 'tfjs-(backend|node)|onnxruntime|^webgpu$' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
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
