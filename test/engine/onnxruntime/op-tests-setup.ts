import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import { registerOnnxruntime } from '../../../src/engine/onnxruntime/register.ts';

registerOnnxruntime();
const backendName = process.env.OP_TESTS_BACKEND!;
setTestEnvs([{ name: backendName, backendName, isDataSync: true }]);
