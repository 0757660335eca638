# Types of what is called as a signature; docstrings are with the code.
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from . import Engine
from ._tensors import Shape, TensorSpec

class Endpoint(NamedTuple):
    name: str
    shape: Optional[Shape]
    dtype: Any
    key: str

class Function:
    name: str
    inputs: List[Endpoint]
    outputs: List[Endpoint]
    structured_input_signature: Tuple[Tuple[()], Dict[str, TensorSpec]]
    structured_outputs: Dict[str, TensorSpec]
    graph: Any
    def __init__(self, engine: Engine, name: str = ..., graph: Any = ...) -> None: ...
    @property
    def engine(self) -> Engine: ...
    # TensorFlow's tensors where an input is one; arrays with .numpy() otherwise.
    def __call__(self, *args: Any, **kwargs: Any) -> Dict[str, Any]: ...
