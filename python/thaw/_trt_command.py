"""`python -m thaw.trt_convert convert`: saved_model_cli's "convert ... tensorrt"."""

import argparse
import sys

from . import trt_convert as trt
from .errors import Error, InputError, ResourceError, UsageError


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m thaw.trt_convert",
        description="What saved_model_cli's 'convert ... tensorrt' was: writes a SavedModel that is "
                    "prepared for this machine.")
    commands = parser.add_subparsers(title="commands", dest="command")
    convert = commands.add_parser(
        "convert", help="convert a SavedModel",
        epilog="Example: python -m thaw.trt_convert convert --dir saved_model --output_dir fast "
               "--precision_mode FP16")
    convert.add_argument("--dir", required=True, help="folder of the SavedModel, or a frozen graph")
    convert.add_argument("--output_dir", required=True, help="folder to write")
    convert.add_argument("--tag_set", default="serve",
                         help="tags of the graph in the SavedModel, with commas between (%(default)s)")
    convert.add_argument("--precision_mode", default="FP32", type=str.upper,
                         choices=["FP32", "FP16", "BF16", "INT8"], help="default %(default)s")
    convert.add_argument("--max_workspace_size_bytes", type=int, default=2 << 20,
                         help="working memory that a kernel may ask for (%(default)s)")
    convert.add_argument("--minimum_segment_size", type=int, default=3,
                         help="smaller pieces run beside the device (%(default)s)")
    convert.add_argument("--convert_tf1_model", nargs="?", const=True, default=False,
                         help="taken, and not needed: both kinds of SavedModel are read")
    convert.add_argument("method", nargs="?", default="tensorrt", choices=["tensorrt"],
                         help="as saved_model_cli has it; there is no other")
    return parser


def _convert(arguments):
    converter = trt.TrtGraphConverterV2(
        input_saved_model_dir=arguments.dir, input_saved_model_tags=arguments.tag_set.split(","),
        precision_mode=arguments.precision_mode,
        max_workspace_size_bytes=arguments.max_workspace_size_bytes,
        minimum_segment_size=arguments.minimum_segment_size, use_calibration=False)
    converter.convert()
    converter.summary()
    converter.save(arguments.output_dir)
    print("Wrote %s" % arguments.output_dir)


def main(argv=None):
    """Exits with the status of thaw's commands (docs/commands.md)."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.error("a command was expected: convert")
    try:
        _convert(arguments)
    except (Error, ValueError, KeyError, RuntimeError) as error:
        print("thaw: error: %s" % error, file=sys.stderr)
        sys.exit(2 if isinstance(error, UsageError) else
                 4 if isinstance(error, ResourceError) else
                 3 if isinstance(error, InputError) else 2)
