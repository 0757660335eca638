#!/usr/bin/env bash
# Makes the frozen graph of a training run: export.sh RUN OUT   (OUT holds pipeline.config)
# Python 3.11 with TensorFlow 2.17 and the Object Detection API's wheel are set up in build/odapi first.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -eq 2 ] || { echo "usage: export.sh RUN OUT" >&2; exit 2; }
home=${ODAPI_HOME:-$here/../../build/odapi}
mkdir -p "$home"
if ! cmp -s "$here/requirements-export.txt" "$home/requirements.txt"; then
  python3 -m venv "$home/venv"
  "$home/venv/bin/pip" install -q --disable-pip-version-check -r "$here/requirements-export.txt"
  "$home/venv/bin/pip" download -q --disable-pip-version-check --no-deps -d "$home" tf_object_detection==0.0.3
  cp "$here/requirements-export.txt" "$home/requirements.txt"
fi
exec "$home/venv/bin/python" "$here/export.py" "$1" "$2" --wheel "$home"/tf_object_detection-*.whl --cache "$home"
