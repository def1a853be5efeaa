"""Writes the checkpoint that test/model/files/openai/tensor-bundle.test.ts reads, with TensorFlow (pip install tensorflow-cpu).

    python test/golden/tensorflow_checkpoint.py

writes tensorflow-checkpoint/ and tensorflow-checkpoint-sharded/ beside this file: a GPT-2 of one layer under OpenAI's
names with numbers that are a formula, saved as OpenAI saved theirs (Saver, checkpoint format V2).
"""

import os
import pathlib
import shutil

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import numpy as np
import tensorflow as tf

tf.compat.v1.disable_eager_execution()

V, P, C = 19, 8, 4
SHAPES = {"model/wte": (V, C), "model/wpe": (P, C), "model/ln_f/g": (C,), "model/ln_f/b": (C,)}
for norm in ("ln_1", "ln_2"):
    SHAPES |= {f"model/h0/{norm}/g": (C,), f"model/h0/{norm}/b": (C,)}
for name, (width, out) in {
    "attn/c_attn": (C, 3 * C),
    "attn/c_proj": (C, C),
    "mlp/c_fc": (C, 4 * C),
    "mlp/c_proj": (4 * C, C),
}.items():
    SHAPES |= {f"model/h0/{name}/w": (1, width, out), f"model/h0/{name}/b": (out,)}

directory = pathlib.Path(__file__).parent / "tensorflow-checkpoint"
shutil.rmtree(directory, ignore_errors=True)
variables = {
    name: tf.compat.v1.get_variable(
        name, initializer=(np.arange(np.prod(shape), dtype=np.float32) / 8 - len(name)).reshape(shape)
    )
    for name, shape in SHAPES.items()
}
with tf.compat.v1.Session() as session:
    session.run(tf.compat.v1.global_variables_initializer())
    tf.compat.v1.train.Saver(variables).save(session, str(directory / "model.ckpt"), write_meta_graph=False)
# The checkpoint file that OpenAI published names the weights relative to itself.
(directory / "checkpoint").write_text('model_checkpoint_path: "model.ckpt"\nall_model_checkpoint_paths: "model.ckpt"\n')
(directory / "hparams.json").write_text('{"n_vocab": 19, "n_ctx": 8, "n_embd": 4, "n_head": 2, "n_layer": 1}\n')

# The same numbers in two data files, as TensorFlow saves variables that lie on several devices.
sharded = directory.with_name("tensorflow-checkpoint-sharded")
shutil.rmtree(sharded, ignore_errors=True)
sharded.mkdir()
with tf.compat.v1.Session() as session:
    session.run(tf.compat.v1.global_variables_initializer())
    parts = [str(sharded / "part-0"), str(sharded / "part-1")]
    for i, part in enumerate(parts):
        names = sorted(variables)[i::2]
        session.run(tf.raw_ops.SaveV2(
            prefix=part, tensor_names=names, shape_and_slices=[""] * len(names), tensors=[variables[n] for n in names]
        ))
    session.run(tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=parts, destination_prefix=str(sharded / "model.ckpt"), delete_old_dirs=False
    ))
shutil.copy(directory / "checkpoint", sharded)
shutil.copy(directory / "hparams.json", sharded)
