#!/usr/bin/env bash
# Times a detector on the GPU, host to host and layer by layer: bench/cuda.sh THAW MODEL [SHAPE]
# MODEL has the Object Detection API's outputs; SHAPE such as 1x300x300x3.
set -euo pipefail
thaw=${1:?the program} model=${2:?a model} shape=${3:-1x300x300x3}
outputs=detection_boxes:0,detection_scores:0,detection_classes:0,num_detections:0
for precision in FP32 FP16; do
  echo "== $precision"
  "$thaw" bench "$model" --device cuda --shape "$shape" --precision "$precision" --runs 2000 --to "$outputs" 2>&1 |
    grep -E "Throughput|whole job|Stages|Memory"
done
echo "== several requests, FP16"
for streams in 1 2 4; do
  "$thaw" bench "$model" --device cuda --shape "$shape" --precision FP16 --runs 2000 --streams "$streams" --to "$outputs" 2>&1 |
    grep -E "Throughput"
done
"$thaw" bench "$model" --device cuda --shape "$shape" --precision FP16 --runs 500 --profile --to "$outputs" 2>&1 |
  sed -n '/^Layers/,$p'
