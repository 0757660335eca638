"""tf.compat.v1 on thaw: frozen graphs are read, imported, run and written as SavedModels. Also for
`import thaw.tf.compat.v1 as tf`.
"""

from ... import config as _config
from ... import saved_model as _saved_model
from ..._graph_def import GraphDef
from .. import _saving
from .. import io
from .._graph import (Graph, Operation, Session, get_default_graph, import_graph_def,
                      reset_default_graph)

gfile = io.gfile
GFile = io.gfile.GFile


class saved_model(_saving.signature_def_utils):
    """tf.compat.v1.saved_model."""
    Builder = _saving.SavedModelBuilder
    build_tensor_info = staticmethod(_saving.build_tensor_info)
    simple_save = staticmethod(_saving.simple_save)
    signature_def_utils = _saving.signature_def_utils
    utils = _saving.utils
    tag_constants = _saved_model.tag_constants
    signature_constants = _saved_model.signature_constants
    contains_saved_model = staticmethod(_saved_model.contains_saved_model)
    load_v2 = staticmethod(_saved_model.load)

    class builder:
        SavedModelBuilder = _saving.SavedModelBuilder


class GPUOptions:
    """What of it concerns thaw: per_process_gpu_memory_fraction, of the device's memory."""

    def __init__(self, per_process_gpu_memory_fraction=None, allow_growth=None, **_):
        self.per_process_gpu_memory_fraction = per_process_gpu_memory_fraction
        self.allow_growth = allow_growth


class ConfigProto:
    """A session's configuration: gpu_options and the number of threads."""

    def __init__(self, gpu_options=None, intra_op_parallelism_threads=0, **_):
        self.gpu_options = gpu_options or GPUOptions()
        self.intra_op_parallelism_threads = intra_op_parallelism_threads

    def apply(self):
        """Makes it what is built afterwards goes by."""
        fraction = self.gpu_options.per_process_gpu_memory_fraction
        if fraction:
            from ... import devices
            limit = max(1, int(devices()[0].memory * fraction) >> 20)
            _config.set_logical_device_configuration(
                _config.list_physical_devices("GPU")[0],
                [_config.LogicalDeviceConfiguration(memory_limit=limit)])
        if self.intra_op_parallelism_threads:
            _config.threading.set_intra_op_parallelism_threads(self.intra_op_parallelism_threads)


class logging:
    """tf.compat.v1.logging, as levels of Python's logger "thaw"."""
    DEBUG, INFO, WARN, ERROR, FATAL = 10, 20, 30, 40, 50

    @staticmethod
    def set_verbosity(level):
        import logging as python_logging
        python_logging.getLogger("thaw").setLevel(level)


def enable_eager_execution(*_args, **_kwargs):
    """Nothing to do."""


disable_eager_execution = disable_v2_behavior = enable_v2_behavior = enable_eager_execution
