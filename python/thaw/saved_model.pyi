# Types of thaw.saved_model; docstrings are with the code.
import os
from typing import Any, List, Mapping, Optional, Sequence, Union

from ._function import Function
from .model import Model

_Path = Union[str, "os.PathLike[str]"]
_Tags = Union[None, str, Sequence[str]]

SERVING: str
GPU: str
TPU: str
TRAINING: str
PREDICT_METHOD_NAME: str
DEFAULT_SERVING_SIGNATURE_DEF_KEY: str
ASSETS_DIRECTORY: str
DEBUG_DIRECTORY: str
SAVED_MODEL_FILENAME_PB: str
SAVED_MODEL_FILENAME_PBTXT: str
VARIABLES_DIRECTORY: str
VARIABLES_FILENAME: str

class tag_constants:
    SERVING: str
    GPU: str
    TPU: str
    TRAINING: str

class signature_constants:
    DEFAULT_SERVING_SIGNATURE_DEF_KEY: str
    PREDICT_METHOD_NAME: str
    PREDICT_INPUTS: str
    PREDICT_OUTPUTS: str

class SaveOptions:
    def __init__(self, **options: Any) -> None: ...

class LoadOptions(SaveOptions): ...

class LoadedModel:
    signatures: Mapping[str, Function]
    def __init__(self, path: str, keys: List[str], options: Mapping[str, Any]) -> None: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

def contains_saved_model(export_dir: _Path) -> bool: ...
def signature_keys(path: _Path, tags: _Tags = ...) -> List[str]: ...
def is_default(key: str, keys: Sequence[str]) -> bool: ...
def load_signature(path: str, key: str, keys: Sequence[str]) -> Model: ...
def load(export_dir: _Path, tags: _Tags = ..., options: Any = ...,
         **engine_options: Any) -> LoadedModel: ...
