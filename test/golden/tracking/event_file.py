"""Writes event-file.hex: what TensorBoard's own classes write for the run in test/cli/export-runs/event-file.test.ts.

    pip install tensorboard==2.21.0
    python test/golden/tracking/event_file.py
"""

import io
import pathlib

from google.protobuf import struct_pb2
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


def hparams(tag, data):
    shape = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)])
    value = summary_pb2.Summary.Value(
        tag=tag,
        tensor=tensor_pb2.TensorProto(dtype=1, tensor_shape=shape, float_val=[0.0]),
        metadata=summary_pb2.SummaryMetadata(
            plugin_data=summary_pb2.SummaryMetadata.PluginData(
                plugin_name="hparams", content=data.SerializeToString()
            )
        ),
    )
    return summary_pb2.Summary(value=[value])


def scalar(tag, value):
    return summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, simple_value=value)])


start = plugin_data_pb2.SessionStartInfo(
    hparams={"rate": struct_pb2.Value(number_value=0.25)}, start_time_secs=1700000000.5
)
end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS, end_time_secs=1700000100.0)
events = [
    event_pb2.Event(wall_time=1700000000.5, file_version="brain.Event:2"),
    event_pb2.Event(
        wall_time=1700000000.5,
        summary=hparams(
            "_hparams_/session_start_info", plugin_data_pb2.HParamsPluginData(session_start_info=start)
        ),
    ),
    event_pb2.Event(wall_time=1700000090.0, summary=scalar("judge/score", 71.5)),
    event_pb2.Event(wall_time=1700000010.0, step=300, summary=scalar("train.history/train_loss", 0.0)),
    event_pb2.Event(
        wall_time=1700000100.0,
        summary=hparams(
            "_hparams_/session_end_info", plugin_data_pb2.HParamsPluginData(session_end_info=end)
        ),
    ),
]

buffer = io.BytesIO()
writer = RecordWriter(buffer)
for event in events:
    writer.write(event.SerializeToString())
lines = buffer.getvalue().hex("\n", 48)
pathlib.Path(__file__).with_name("event-file.hex").write_text(lines + "\n")
